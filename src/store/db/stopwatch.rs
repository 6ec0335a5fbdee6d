use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Measures time as integers that fit into atomics: milliseconds since its start, counted from 1, so that 0 can mean
/// never.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Like [`Self::now`], in microseconds.
    pub fn micros(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX).saturating_add(1)
    }

    pub fn now(self) -> u64 {
        millis(self.0.elapsed()).saturating_add(1)
    }

    /// Sets a mark to now, unless it was set less than `seldom` ago. Returns whether it did.
    pub fn mark(self, mark: &AtomicU64, seldom: Duration) -> bool {
        let (now, before) = (self.now(), mark.load(Ordering::Relaxed));
        let is_due = before == 0 || now.saturating_sub(before) >= millis(seldom);
        if is_due {
            // If two callers race, either value will do.
            mark.store(now, Ordering::Relaxed);
        }
        is_due
    }
}

#[cfg(test)]
impl Stopwatch {
    /// A stopwatch that was started this long ago.
    pub fn started(ago: Duration) -> Self {
        Self(Instant::now().checked_sub(ago).unwrap())
    }
}

/// The duration in whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
