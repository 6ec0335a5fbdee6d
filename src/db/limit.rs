use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::SqlxError;
use sea_orm::sqlx::SqliteConnection;

use super::stopwatch::{Stopwatch, millis};

/// How many instructions of its own `SQLite` runs before it asks whether to go on: fractions of a millisecond.
const INSTRUCTIONS: i32 = 10_000;
/// The end of what may take any time.
const NEVER: u64 = u64::MAX;
/// The end of what nobody waits for any more.
const NOW: u64 = 0;

/// How long a statement may run on one connection to `SQLite`, which has no such setting, but asks from time to time
/// whether to go on.
///
/// It is not told when a statement begins: that is when the connection is taken, or when the statement before it has
/// ended.
#[derive(Clone, Debug)]
pub struct TimeLimit(Arc<Limit>);

#[derive(Debug)]
struct Limit {
    most: Duration,
    watch: Stopwatch,
    /// When the statement has to end.
    end: AtomicU64,
    /// How many have asked for no limit.
    suspended: AtomicU32,
    /// How often it was asked.
    asked: AtomicU64,
}

/// There is no limit until this is dropped.
pub struct Suspended<'a>(&'a Limit);

impl TimeLimit {
    pub fn new(most: Duration) -> Self {
        let (end, suspended, asked) = (AtomicU64::new(NEVER), AtomicU32::new(0), AtomicU64::new(0));
        Self(Arc::new(Limit { most, watch: Stopwatch::start(), end, suspended, asked }))
    }

    /// The connection is taken.
    pub fn begin(&self) {
        let end = self.0.watch.now().saturating_add(millis(self.0.most));
        self.0.end.store(end, Ordering::Relaxed);
    }

    /// A statement has ended, and another may begin.
    pub fn next(&self) {
        if self.0.end.load(Ordering::Relaxed) != NEVER {
            self.begin();
        }
    }

    /// No limit until the connection is taken again.
    pub fn lift(&self) {
        self.0.end.store(NEVER, Ordering::Relaxed);
    }

    /// Nobody waits any more for the statement that runs: it ends as soon as it asks, and the connection is free then.
    pub fn expire(&self) {
        self.0.end.store(NOW, Ordering::Relaxed);
    }

    /// How many instructions were executed since this was asked for last, to some thousands.
    pub fn take_steps(&self) -> u64 {
        self.0.asked.swap(0, Ordering::Relaxed) * u64::from(INSTRUCTIONS.unsigned_abs())
    }

    /// No limit, whoever takes the connection.
    pub fn suspend(&self) -> Suspended<'_> {
        self.0.suspended.fetch_add(1, Ordering::Relaxed);
        Suspended(&self.0)
    }

    /// Has the connection keep to the limit.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn watch(self, connection: &mut SqliteConnection) -> Result<(), SqlxError> {
        self.begin();
        connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || self.0.permits());
        Ok(())
    }
}

impl Drop for Suspended<'_> {
    fn drop(&mut self) {
        self.0.suspended.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limit {
    fn permits(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.watch.now() < self.end.load(Ordering::Relaxed) || self.suspended.load(Ordering::Relaxed) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_may_run_as_long_as_its_limit_says() {
        let limit = TimeLimit::new(Duration::ZERO);
        let permits = |expected: bool| assert_eq!(limit.0.permits(), expected);
        permits(true);
        limit.next();
        permits(true);
        limit.begin();
        permits(false);
        let (one, other) = (limit.suspend(), limit.suspend());
        permits(true);
        drop(one);
        limit.begin();
        permits(true);
        drop(other);
        permits(false);
        limit.lift();
        limit.next();
        permits(true);
        limit.expire();
        permits(false);
        assert_eq!(limit.take_steps(), 80_000);
        assert_eq!(limit.take_steps(), 0);
    }
}
