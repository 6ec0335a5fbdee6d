use std::time::{Duration, Instant};

/// The rate limit of an address or a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Maximum number of simultaneous operations.
    pub operations: u32,
    /// Maximum number of points that can be spent at once. An operation that costs more is charged this much.
    pub budget: u64,
    /// Points that are refilled per second; at least 1.
    pub refill: u64,
}

impl RateLimit {
    /// The time in which `cost` is refilled.
    pub fn time(self, cost: u64) -> Duration {
        let nanos = u128::from(cost) * 1_000_000_000 / u128::from(self.refill.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The part of a rate limit that is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimitKind {
    Operations,
    Budget,
}

/// The current use of an address or a token. The budget is stored as the time when it will be full again, so that no
/// timer has to refill it (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    running: u32,
    full_at: Instant,
}

impl Bucket {
    pub fn new(now: Instant) -> Self {
        Self { running: 0, full_at: now }
    }

    /// Begins an operation that costs `cost` so far.
    ///
    /// # Errors
    /// The limit that is exceeded, and how long to wait.
    pub fn start_operation(
        &mut self,
        rate_limit: RateLimit,
        cost: u64,
        now: Instant,
    ) -> Result<(), (RateLimitKind, Duration)> {
        if self.running >= rate_limit.operations {
            return Err((RateLimitKind::Operations, Duration::from_secs(1)));
        }
        if let Some(wait) = self.time_until_affordable(rate_limit, cost, now) {
            return Err((RateLimitKind::Budget, wait));
        }
        self.charge(rate_limit, cost, now);
        self.running += 1;
        Ok(())
    }

    pub fn is_running(&self) -> bool {
        self.running > 0
    }

    /// Whether the bucket is in the same state as a new one.
    pub fn is_full(&self, now: Instant) -> bool {
        self.running == 0 && self.full_at <= now
    }

    pub fn end_operation(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// How long to wait until `cost` can be paid; `None` if it can be paid now.
    pub fn time_until_affordable(&self, rate_limit: RateLimit, cost: u64, now: Instant) -> Option<Duration> {
        let debt = self.full_at.saturating_duration_since(now) + rate_limit.time(cost.min(rate_limit.budget));
        debt.checked_sub(rate_limit.time(rate_limit.budget)).filter(|wait| !wait.is_zero())
    }

    pub fn charge(&mut self, rate_limit: RateLimit, cost: u64, now: Instant) {
        self.full_at = self.full_at.max(now) + rate_limit.time(cost.min(rate_limit.budget));
    }

    /// Replaces the estimate that was charged by the actual cost of the operation.
    pub fn reconcile(&mut self, rate_limit: RateLimit, estimate: u64, actual: u64, now: Instant) {
        let (estimate, actual) = (estimate.min(rate_limit.budget), actual.min(rate_limit.budget));
        if actual > estimate {
            self.charge(rate_limit, actual - estimate, now);
        } else if let Some(earlier) = self.full_at.checked_sub(rate_limit.time(estimate - actual)) {
            self.full_at = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_LIMIT: RateLimit = RateLimit { operations: 2, budget: 100, refill: 10 };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_budget_is_spent_and_refills() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        bucket.charge(RATE_LIMIT, 60, start);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 40, start), None);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 50, start), Some(Duration::from_secs(1)));
        bucket.charge(RATE_LIMIT, 40, start);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 30, after(start, 2)), Some(Duration::from_secs(1)));
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 30, after(start, 3)), None);
        // The budget is full after 10 s, and does not grow beyond that.
        bucket.charge(RATE_LIMIT, 100, after(start, 1_000));
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 10, after(start, 1_000)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_cost_above_the_budget_takes_all_of_it() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 1 << 40, start), None);
        bucket.charge(RATE_LIMIT, 1 << 40, start);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 1, after(start, 9)), None);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 1 << 40, after(start, 9)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn an_estimate_is_replaced_by_the_actual_cost() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        bucket.charge(RATE_LIMIT, 60, start);
        bucket.reconcile(RATE_LIMIT, 60, 10, start);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 90, start), None);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 91, start), Some(Duration::from_millis(100)));
        bucket.reconcile(RATE_LIMIT, 10, 90, start);
        assert_eq!(bucket.time_until_affordable(RATE_LIMIT, 20, start), Some(Duration::from_secs(1)));
        bucket.reconcile(RATE_LIMIT, 10, 1 << 40, start);
        assert_eq!(
            bucket.time_until_affordable(RATE_LIMIT, 1, start),
            Some(Duration::from_millis(8_100)),
            "at most a budget at once"
        );
    }

    #[test]
    fn operations_are_counted_and_refused_ones_are_not() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        assert_eq!(bucket.start_operation(RATE_LIMIT, 10, start), Ok(()));
        assert_eq!(bucket.start_operation(RATE_LIMIT, 10, start), Ok(()));
        assert_eq!(
            bucket.start_operation(RATE_LIMIT, 10, start),
            Err((RateLimitKind::Operations, Duration::from_secs(1)))
        );
        bucket.end_operation();
        assert_eq!(bucket.start_operation(RATE_LIMIT, 90, start), Err((RateLimitKind::Budget, Duration::from_secs(1))));
        assert_eq!(bucket.start_operation(RATE_LIMIT, 80, start), Ok(()));
    }

    #[test]
    fn the_largest_settings_do_not_overflow() {
        let largest = RateLimit { operations: 1, budget: 1_000_000_000_000, refill: 1 };
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        for _ in 0..3 {
            bucket.charge(largest, u64::MAX, start);
        }
        assert!(bucket.time_until_affordable(largest, u64::MAX, start).is_some());
    }
}
