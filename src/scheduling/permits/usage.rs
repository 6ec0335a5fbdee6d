use std::time::Duration;

use tokio::time::Instant;

/// How much use is forgiven per second, in seconds of one connection.
const LEAK: f64 = 0.25;
/// Maximum use that is remembered, in seconds of one connection. It is forgotten after 2 s without use. When others
/// arrive, the heaviest user waits for at most this long before it gets its share.
const MOST: f64 = 0.5;
/// Use below this counts as little: some tens of ordinary statements in a row.
const LITTLE: f64 = 0.25;

/// Recent use of connections: a leaky bucket that fills by one second per second for each held connection, and leaks at
/// [`LEAK`].
#[derive(Clone, Copy, Debug)]
pub struct RecentUsage {
    seconds: f64,
    /// The time for which `seconds` holds.
    at: Instant,
    held: u32,
}

impl RecentUsage {
    pub fn new(now: Instant) -> Self {
        Self { seconds: 0.0, at: now, held: 0 }
    }

    /// Number of connections held now.
    pub fn held(&self) -> u32 {
        self.held
    }

    pub fn take(&mut self, now: Instant) {
        self.seconds = self.seconds(now);
        self.at = now;
        self.held += 1;
    }

    pub fn give_back(&mut self, now: Instant) {
        self.seconds = self.seconds(now);
        self.at = now;
        self.held = self.held.saturating_sub(1);
    }

    /// Recent use, in seconds of one connection, including those held now.
    pub fn seconds(&self, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.seconds + elapsed * (f64::from(self.held) - LEAK)).clamp(0.0, MOST)
    }

    pub fn is_little(&self, now: Instant) -> bool {
        self.seconds(now) < LITTLE
    }

    /// Whether it is in the same state as a new one.
    pub fn is_clear(&self, now: Instant) -> bool {
        self.held == 0 && self.seconds(now) <= 0.0
    }

    /// The rank that decides whose turn it is: least use goes first, and waiting time offsets use.
    pub fn rank(&self, now: Instant, waited: Duration) -> f64 {
        (self.seconds(now) - waited.as_secs_f64()).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_kept_while_connections_are_held_and_decays_afterwards() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs_f64(seconds);
        let mut usage = RecentUsage::new(start);
        assert!(usage.is_clear(after(10.0)));
        usage.take(start);
        usage.take(start);
        assert!(usage.is_little(after(0.1)) && !usage.is_little(after(0.2)));
        usage.give_back(after(0.2));
        usage.give_back(after(0.2));
        assert!((usage.seconds(after(0.2)) - 0.35).abs() < 1e-6, "{usage:?}");
        assert!((usage.rank(after(0.2), Duration::from_millis(200)) - 0.15).abs() < 1e-6);
        assert!(!usage.is_clear(after(1.5)) && usage.is_clear(after(1.7)));
        usage.take(after(10.0));
        assert!((usage.seconds(after(1_000.0)) - MOST).abs() < 1e-6, "no more is remembered");
    }
}
