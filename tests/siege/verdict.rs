//! Judges a case, and prints the table of all cases.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Once;
use std::time::Duration;

use crate::health;
use crate::run::{Run, by_form, cpu_slack, slack};
use crate::server::Ending;
use crate::victims::{Sample, by_work, percentile, slowest};

/// Limit on the resident memory of the process, whatever the requests are.
const MEMORY: u64 = 512 << 20;
const LIVE: Duration = Duration::from_millis(50);
const POLL: Duration = Duration::from_millis(100);
/// Limit on the time from SIGTERM to the exit, under attack.
const END: Duration = Duration::from_secs(5);
/// Below this, latency relative to honest load says more about the scheduler than about the server.
const NOISE: Duration = Duration::from_millis(20);

/// The limits on the victims' latency.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub p99: Duration,
    /// Whether the 99th percentile is also limited to twice that next to honest load.
    pub honest: bool,
}

impl Bounds {
    /// One attacker with one token.
    pub const ONE: Self = Self { p99: Duration::from_millis(250), honest: true };
    /// Many attackers at once.
    pub const MANY: Self = Self { p99: Duration::from_secs(1), honest: false };
}

/// The results of an attack.
pub struct Seen {
    pub run: Run,
    pub samples: Vec<Sample>,
    pub live: health::Seen,
    pub ready: health::Seen,
    /// Peak of the resident memory in bytes.
    pub resident: u64,
    /// CPUs that the server and the database used.
    pub load: f64,
    /// The victims' 99th percentile next to an honest load that uses as much CPU time.
    pub honest: Duration,
    /// Whether the process had ended before it was told to.
    pub died: bool,
    pub ending: Ending,
}

impl Seen {
    /// Prints the case's row of the table.
    ///
    /// # Panics
    /// If a limit is exceeded; the message names each one.
    pub fn judge(&self, bounds: &Bounds) {
        self.print();
        let wrong = self.wrong(bounds);
        self.run.say(format_args!("p99 by request: {}", by_work(&self.samples)));
        self.run.say(format_args!("the slowest: {}", slowest(&self.samples)));
        for line in self.ending.log.unusual.iter().filter(|_| !wrong.is_empty()).take(8) {
            self.run.say(format_args!("log: {line}"));
        }
        let list = wrong.iter().fold(String::new(), |list, it| list + "\n  - " + it);
        assert!(wrong.is_empty(), "{} (seed {}):{list}", self.run.name, self.run.seed);
    }

    /// Describes each limit that was exceeded.
    fn wrong(&self, bounds: &Bounds) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut hold = |is_kept: bool, what: String| {
            if !is_kept {
                wrong.push(what);
            }
        };
        let (p99, slack) = (percentile(&self.samples, 99), slack());
        hold(!self.died, "the process ended".to_owned());
        hold(!self.samples.is_empty(), "no victim sent anything".to_owned());
        let failures = self.failures();
        hold(failures.is_empty(), format!("victims' requests failed: {failures:?} of {}", self.samples.len()));
        hold(
            p99 < bounds.p99 * slack,
            format!("victims' p99 is {p99:.0?}; the limit is {:.0?} times {slack}", bounds.p99),
        );
        let honest = (self.honest * 2).max(NOISE) * slack;
        // In the short form, the 99th percentile of some 100 samples shows the first moments of an attack: printed, not
        // judged.
        let judged = bounds.honest && by_form(false, true);
        hold(
            !judged || p99 < honest,
            format!("victims' p99 is {p99:.0?}; beside honest load it was {:.1?}", self.honest),
        );
        let memory = self.resident >> 20;
        hold(self.resident < MEMORY, format!("{memory} MB are resident; the limit is {}", MEMORY >> 20));
        hold(self.live.count > 0 && self.ready.count > 0, "no probe was answered".to_owned());
        hold(self.live.failures.is_empty(), format!("/livez: {:?}", few(&self.live.failures)));
        hold(self.ready.failures.is_empty(), format!("/readyz: {:?}", few(&self.ready.failures)));
        let live = self.live.slowest;
        hold(live < LIVE * slack, format!("/livez took {live:.0?}; the limit is {LIVE:?} times {slack}"));
        let (longest, slack) = (self.longest_poll(), cpu_slack());
        hold(
            longest < POLL * slack,
            format!("a poll took {longest:?} of CPU time; the limit is {POLL:?} times {slack}"),
        );
        match self.ending.took {
            _ if self.died => {}
            None => hold(false, "SIGTERM did not end the process; it was killed".to_owned()),
            Some(took) => {
                hold(self.ending.success, "the process ended with an error after SIGTERM".to_owned());
                let most = END * by_form(3, 1);
                hold(took < most, format!("the process took {took:.1?} to end after SIGTERM; the limit is {most:?}"));
            }
        }
        wrong
    }

    /// Number of occurrences of each failure.
    pub fn failures(&self) -> BTreeMap<&str, usize> {
        let mut failures = BTreeMap::new();
        for failure in self.samples.iter().filter_map(|sample| sample.failure.as_deref()) {
            *failures.entry(failure).or_default() += 1;
        }
        failures
    }

    fn longest_poll(&self) -> Duration {
        Duration::from_millis(self.ending.log.slow_polls.iter().copied().max().unwrap_or(0))
    }

    fn print(&self) {
        static HEAD: Once = Once::new();
        HEAD.call_once(|| {
            eprint_line(
                "| attack | victims | failed | p50 ms | p99 ms | honest p99 | CPUs | memory MB | /livez ms | /readyz ms \
                 (not 200) | slow polls (longest ms) | end s |",
            );
            eprint_line("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        });
        let ms = |time: Duration| time.as_millis();
        let failed: usize = self.failures().values().sum();
        let end = match self.ending.took {
            _ if self.died => "died".to_owned(),
            Some(took) => format!("{:.1}", took.as_secs_f32()),
            None => "killed".to_owned(),
        };
        let mut row = format!("| {} | {} | {failed} ", self.run.name, self.samples.len());
        let (p50, p99) = (percentile(&self.samples, 50), percentile(&self.samples, 99));
        let _ = write!(row, "| {} | {} | {} | {:.1} ", ms(p50), ms(p99), ms(self.honest), self.load);
        let _ = write!(row, "| {} | {} ", self.resident >> 20, ms(self.live.slowest));
        let _ = write!(row, "| {} ({}) ", ms(self.ready.slowest), self.ready.failures.len());
        let polls = &self.ending.log.slow_polls;
        let _ = write!(row, "| {} ({}) | {end} |", polls.len(), ms(self.longest_poll()));
        eprint_line(&row);
    }
}

/// Writes to standard error, bypassing the capture of test output.
fn eprint_line(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn few(all: &[String]) -> Vec<&String> {
    all.iter().take(3).collect()
}
