use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::stopwatch::{Stopwatch, millis};

/// Minimum time between two marks: while a database is read-only, every change that is tried reports it again.
const SELDOM: Duration = Duration::from_secs(1);

/// Marks connections opened before the latest failure as stale.
///
/// A failure of one connection usually affects others, too: a server that restarts ends them all, and connections
/// opened while it was read-only stay so. Instead of letting each of them fail once, and some of them forever, all that
/// were opened before a failure are replaced before their next use.
#[derive(Clone, Debug)]
pub struct ConnectionEpoch(Arc<EpochState>);

#[derive(Debug)]
struct EpochState {
    watch: Stopwatch,
    /// When the latest failure was marked; 0 if nothing has failed yet.
    failed: AtomicU64,
}

impl Default for ConnectionEpoch {
    fn default() -> Self {
        Self(Arc::new(EpochState { watch: Stopwatch::start(), failed: AtomicU64::new(0) }))
    }
}

impl ConnectionEpoch {
    /// Reports that a connection has failed.
    pub fn advance(&self) {
        self.0.watch.mark(&self.0.failed, SELDOM);
    }

    /// Whether a connection of this age was opened before the latest failure.
    pub fn is_stale(&self, age: Duration) -> bool {
        let failed = self.0.failed.load(Ordering::Relaxed);
        failed != 0 && millis(age) >= self.0.watch.now().saturating_sub(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_opened_before_a_failure_are_doubted() {
        let epoch = ConnectionEpoch(Arc::new(EpochState {
            watch: Stopwatch::started(Duration::from_mins(1)),
            failed: AtomicU64::new(0),
        }));
        assert!(!epoch.is_stale(Duration::from_hours(1)), "nothing has failed");
        epoch.advance();
        assert!(epoch.is_stale(Duration::from_hours(1)));
        let first = epoch.0.failed.load(Ordering::Relaxed);
        epoch.advance();
        assert_eq!(epoch.0.failed.load(Ordering::Relaxed), first, "so soon again");
        epoch.0.failed.store(first - 1_500, Ordering::Relaxed);
        assert!(epoch.is_stale(Duration::from_secs(2)) && !epoch.is_stale(Duration::from_secs(1)));
        epoch.advance();
        assert!(epoch.is_stale(Duration::from_secs(1)), "a second later");
    }
}
