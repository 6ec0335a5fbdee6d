//! How a case runs: in its turn, short or long, with a seed that is printed.

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, MutexGuard};

use crate::chance::Random;

/// The turn of one case, until it is dropped.
pub struct Run {
    pub name: &'static str,
    pub seed: u64,
    began: Instant,
    _turn: MutexGuard<'static, ()>,
}

impl Run {
    /// Waits until the other cases are through: each is judged by what it does to an otherwise idle machine.
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

    /// Writes to standard error, past the capture of test output.
    pub fn say(&self, what: impl Display) {
        let seconds = self.began.elapsed().as_secs_f32();
        let _ = writeln!(std::io::stderr(), "siege: {} ({seconds:.1} s): {what}", self.name);
    }
}

pub fn random(seed: u64, stream: u64) -> Random {
    let mut random = Random(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    // The first numbers of neighbouring seeds are neighbours.
    for _ in 0..4 {
        random.below(2);
    }
    random
}

/// One value for the short form, another for the long one.
pub fn by_form<T>(short: T, long: T) -> T {
    match setting("NOTEGRAPH_TEST_SIEGE").as_deref() {
        None | Some("short") => short,
        Some("long") => long,
        Some(other) => panic!("NOTEGRAPH_TEST_SIEGE is `{other}`: give `short` or `long`"),
    }
}

/// One value for a debug build of the server, another for a release build.
pub fn by_build<T>(debug: T, release: T) -> T {
    let is_release = setting("NOTEGRAPH_SIEGE_BINARY").is_some() || !cfg!(debug_assertions);
    if is_release { release } else { debug }
}

/// What the bounds on times are multiplied by. Unoptimised code takes 10 to 20 times as long for the same work. The short
/// form runs in CI, where servers, database and clients share two cores, and has some hundred samples: how long they took is
/// printed, and decides only whether the server was seized.
pub fn slack() -> u32 {
    by_form(20, by_build(20, 1))
}

/// What the bound on the CPU time of a poll is multiplied by, which depends less on what else the machine does.
pub fn cpu_slack() -> u32 {
    by_build(20, by_form(4, 1))
}

pub fn seconds(short: u64, long: u64) -> Duration {
    Duration::from_secs(by_form(short, long))
}

/// The value of a variable, where it is set and not empty.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
