//! Runs faults one at a time, in a short or long form, with a seed that is printed.

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, MutexGuard};

use testkit::Random;

/// Factor on promised times, for debug builds on a busy machine.
const SLACK: u32 = 10;

/// Promised time after a fault within which changes succeed again, without a restart.
pub const HEALED: Duration = Duration::from_secs(3);

/// The turn of a fault, until it is dropped.
pub struct Run {
    name: &'static str,
    seed: u64,
    long: bool,
    began: Instant,
    _turn: MutexGuard<'static, ()>,
}

impl Run {
    /// Waits until the other faults have ended.
    pub async fn begin(name: &'static str) -> Self {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let seed = setting("NOTEGRAPH_TEST_FAULTS_SEED").map_or_else(by_the_clock, |seed| seed.parse().unwrap());
        let run = Self { name, seed, long: is_long(), began: Instant::now(), _turn: turn };
        run.say(format_args!("seed {seed}, {} form", if run.long { "long" } else { "short" }));
        run
    }

    /// Random numbers, different for each `stream` and the same for the same seed.
    pub fn random(&self, stream: u64) -> Random {
        let mut random = Random(self.seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Neighbouring seeds begin with similar numbers, so skip a few.
        for _ in 0..4 {
            random.below(2);
        }
        random
    }

    /// Returns one value for the short form and another for the long form.
    pub fn times<T>(&self, short: T, long: T) -> T {
        if self.long { long } else { short }
    }

    /// Writes to standard error, bypassing the capture of test output.
    pub fn say(&self, what: impl Display) {
        let seconds = self.began.elapsed().as_secs_f32();
        let _ = writeln!(std::io::stderr(), "faults: {} ({seconds:.1} s): {what}", self.name);
    }

    /// Prints how long something took that is promised to take at most `promised`, and fails if it took so many times
    /// longer that a slow machine does not explain it.
    #[track_caller]
    pub fn promised(&self, what: &str, took: Duration, promised: Duration) {
        self.say(format_args!("{what}: {took:.1?} of the promised {promised:.0?}"));
        assert!(took < promised * SLACK, "{what} took {took:?}, and {promised:?} are promised");
    }
}

fn is_long() -> bool {
    match setting("NOTEGRAPH_TEST_FAULTS").as_deref() {
        None | Some("short") => false,
        Some("long") => true,
        Some(other) => panic!("NOTEGRAPH_TEST_FAULTS is `{other}`: give `short` or `long`"),
    }
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn by_the_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
