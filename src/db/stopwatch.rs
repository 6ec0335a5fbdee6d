use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Tells times as numbers, which fit into atomics: milliseconds since it was started. The first is 1, so that 0 can
/// stand for never.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The same as [`Self::now`], in microseconds.
    pub fn micros(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX).saturating_add(1)
    }

    pub fn now(self) -> u64 {
        millis(self.0.elapsed()).saturating_add(1)
    }

    /// Sets a mark to now, unless it was set less than `seldom` ago; whether it was.
    pub fn mark(self, mark: &AtomicU64, seldom: Duration) -> bool {
        let (now, before) = (self.now(), mark.load(Ordering::Relaxed));
        let is_due = before == 0 || now.saturating_sub(before) >= millis(seldom);
        if is_due {
            // Where two come at once, either is as good.
            mark.store(now, Ordering::Relaxed);
        }
        is_due
    }
}

#[cfg(test)]
impl Stopwatch {
    /// As if it had been started so long ago.
    pub fn started(ago: Duration) -> Self {
        Self(Instant::now().checked_sub(ago).unwrap())
    }
}

/// In whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
