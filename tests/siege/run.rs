//! Runs cases one at a time, in a short or long form, with a seed that is printed.

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, MutexGuard};

use testkit::Random;

/// The turn of a case, until it is dropped.
pub struct Run {
    pub name: &'static str,
    pub seed: u64,
    began: Instant,
    _turn: MutexGuard<'static, ()>,
}

impl Run {
    /// Waits until the other cases have ended, as each is judged on an otherwise idle machine.
    pub async fn begin(name: &'static str) -> Self {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let seed = setting("NOTEGRAPH_SIEGE_SEED").map_or_else(seconds_since_1970, |seed| seed.parse().unwrap());
        let run = Self { name, seed, began: Instant::now(), _turn: turn };
        run.say(format_args!("seed {seed}, {} form, {} build", by_form("short", "long"), by_build("debug", "release")));
        run
    }

    /// Random numbers, different for each `stream` and the same for the same seed.
    pub fn random(&self, stream: u64) -> Random {
        random(self.seed, stream)
    }

    /// Writes to standard error, bypassing the capture of test output.
    pub fn say(&self, what: impl Display) {
        let seconds = self.began.elapsed().as_secs_f32();
        let _ = writeln!(std::io::stderr(), "siege: {} ({seconds:.1} s): {what}", self.name);
    }
}

pub fn random(seed: u64, stream: u64) -> Random {
    let mut random = Random(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    // Neighbouring seeds begin with similar numbers, so skip a few.
    for _ in 0..4 {
        random.below(2);
    }
    random
}

/// Returns one value for the short form and another for the long form.
pub fn by_form<T>(short: T, long: T) -> T {
    match setting("NOTEGRAPH_TEST_SIEGE").as_deref() {
        None | Some("short") => short,
        Some("long") => long,
        Some(other) => panic!("NOTEGRAPH_TEST_SIEGE is `{other}`: give `short` or `long`"),
    }
}

/// Returns one value for a debug build of the server and another for a release build.
pub fn by_build<T>(debug: T, release: T) -> T {
    let is_release = setting("NOTEGRAPH_SIEGE_BINARY").is_some() || !cfg!(debug_assertions);
    if is_release { release } else { debug }
}

/// Factor on the limits on times. Unoptimized code takes 10 to 20 times as long. The short form runs in CI, where
/// servers, database and clients share two cores, and takes a few hundred samples; it prints latencies and only checks
/// that the server is not blocked.
pub fn slack() -> u32 {
    by_form(20, by_build(20, 1))
}

/// Factor on the limit on the CPU time of a poll, which depends less on other load of the machine.
pub fn cpu_slack() -> u32 {
    by_build(20, by_form(4, 1))
}

pub fn seconds(short: u64, long: u64) -> Duration {
    Duration::from_secs(by_form(short, long))
}

/// The value of a variable, if it is set and not empty.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
