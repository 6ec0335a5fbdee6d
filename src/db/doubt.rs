use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::stopwatch::{Stopwatch, millis};

/// How often all connections may come into doubt: while a database takes no changes, each that is asked for shows it anew.
const SELDOM: Duration = Duration::from_secs(1);

/// Since when connections are good.
///
/// What breaks one connection breaks others: a server that restarts ends them all, and those that were made while it
/// took no changes take none afterwards, either. Rather than let each of them fail once, and some of them forever, all
/// that were made before a failure are replaced when they would be used next.
#[derive(Clone, Debug)]
pub struct Doubt(Arc<Since>);

#[derive(Debug)]
struct Since {
    watch: Stopwatch,
    /// 0 where nothing has failed yet.
    failed: AtomicU64,
}

impl Default for Doubt {
    fn default() -> Self {
        Self(Arc::new(Since { watch: Stopwatch::start(), failed: AtomicU64::new(0) }))
    }
}

impl Doubt {
    /// A connection has failed.
    pub fn raise(&self) {
        self.0.watch.mark(&self.0.failed, SELDOM);
    }

    /// Whether a connection of this age was made before the failure.
    pub fn is_of(&self, age: Duration) -> bool {
        let failed = self.0.failed.load(Ordering::Relaxed);
        failed != 0 && millis(age) >= self.0.watch.now().saturating_sub(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_before_a_failure_is_doubted() {
        let doubt =
            Doubt(Arc::new(Since { watch: Stopwatch::started(Duration::from_mins(1)), failed: AtomicU64::new(0) }));
        assert!(!doubt.is_of(Duration::from_hours(1)), "nothing has failed");
        doubt.raise();
        assert!(doubt.is_of(Duration::from_hours(1)));
        let first = doubt.0.failed.load(Ordering::Relaxed);
        doubt.raise();
        assert_eq!(doubt.0.failed.load(Ordering::Relaxed), first, "so soon again");
        doubt.0.failed.store(first - 1_500, Ordering::Relaxed);
        assert!(doubt.is_of(Duration::from_secs(2)) && !doubt.is_of(Duration::from_secs(1)));
        doubt.raise();
        assert!(doubt.is_of(Duration::from_secs(1)), "a second later");
    }
}
