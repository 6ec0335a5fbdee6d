use std::time::{Duration, Instant};

use super::Limit;

/// The rate limit of an address or a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Maximum number of simultaneous operations.
    pub operations: u32,
    /// Maximum number of points that can be spent at once. An operation that costs more is charged this much.
    pub budget: u64,
    /// Points that are refilled per second; at least 1.
    pub refill: u64,
}

impl Allowance {
    /// The time in which `cost` is refilled.
    pub fn time(self, cost: u64) -> Duration {
        let nanos = u128::from(cost) * 1_000_000_000 / u128::from(self.refill.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What an address or a token uses at the moment. The budget is stored as the time when it will be full again, so that
/// no timer has to refill it (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug)]
pub struct Account {
    running: u32,
    full_at: Instant,
}

impl Account {
    pub fn new(now: Instant) -> Self {
        Self { running: 0, full_at: now }
    }

    /// Begins an operation that costs `cost` so far.
    ///
    /// # Errors
    /// The limit that is exceeded, and how long to wait.
    pub fn enter(&mut self, allowance: Allowance, cost: u64, now: Instant) -> Result<(), (Limit, Duration)> {
        if self.running >= allowance.operations {
            return Err((Limit::Operations, Duration::from_secs(1)));
        }
        if let Some(wait) = self.wait(allowance, cost, now) {
            return Err((Limit::Budget, wait));
        }
        self.charge(allowance, cost, now);
        self.running += 1;
        Ok(())
    }

    pub fn is_running(&self) -> bool {
        self.running > 0
    }

    /// Whether the account is in the same state as a new one.
    pub fn is_clear(&self, now: Instant) -> bool {
        self.running == 0 && self.full_at <= now
    }

    pub fn leave(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// How long to wait until `cost` can be paid; `None` if it can be paid now.
    pub fn wait(&self, allowance: Allowance, cost: u64, now: Instant) -> Option<Duration> {
        let debt = self.full_at.saturating_duration_since(now) + allowance.time(cost.min(allowance.budget));
        debt.checked_sub(allowance.time(allowance.budget)).filter(|wait| !wait.is_zero())
    }

    pub fn charge(&mut self, allowance: Allowance, cost: u64, now: Instant) {
        self.full_at = self.full_at.max(now) + allowance.time(cost.min(allowance.budget));
    }

    /// Replaces the estimate that was charged by the actual cost of the operation.
    pub fn settle(&mut self, allowance: Allowance, estimate: u64, actual: u64, now: Instant) {
        let (estimate, actual) = (estimate.min(allowance.budget), actual.min(allowance.budget));
        if actual > estimate {
            self.charge(allowance, actual - estimate, now);
        } else if let Some(earlier) = self.full_at.checked_sub(allowance.time(estimate - actual)) {
            self.full_at = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWANCE: Allowance = Allowance { operations: 2, budget: 100, refill: 10 };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_budget_is_spent_and_comes_back() {
        let start = Instant::now();
        let mut account = Account::new(start);
        account.charge(ALLOWANCE, 60, start);
        assert_eq!(account.wait(ALLOWANCE, 40, start), None);
        assert_eq!(account.wait(ALLOWANCE, 50, start), Some(Duration::from_secs(1)));
        account.charge(ALLOWANCE, 40, start);
        assert_eq!(account.wait(ALLOWANCE, 30, after(start, 2)), Some(Duration::from_secs(1)));
        assert_eq!(account.wait(ALLOWANCE, 30, after(start, 3)), None);
        // The budget is full after 10 s, and does not grow beyond that.
        account.charge(ALLOWANCE, 100, after(start, 1_000));
        assert_eq!(account.wait(ALLOWANCE, 10, after(start, 1_000)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn what_costs_more_than_the_budget_takes_all_of_it() {
        let start = Instant::now();
        let mut account = Account::new(start);
        assert_eq!(account.wait(ALLOWANCE, 1 << 40, start), None);
        account.charge(ALLOWANCE, 1 << 40, start);
        assert_eq!(account.wait(ALLOWANCE, 1, after(start, 9)), None);
        assert_eq!(account.wait(ALLOWANCE, 1 << 40, after(start, 9)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn an_estimate_is_replaced_by_what_was_used() {
        let start = Instant::now();
        let mut account = Account::new(start);
        account.charge(ALLOWANCE, 60, start);
        account.settle(ALLOWANCE, 60, 10, start);
        assert_eq!(account.wait(ALLOWANCE, 90, start), None);
        assert_eq!(account.wait(ALLOWANCE, 91, start), Some(Duration::from_millis(100)));
        account.settle(ALLOWANCE, 10, 90, start);
        assert_eq!(account.wait(ALLOWANCE, 20, start), Some(Duration::from_secs(1)));
        account.settle(ALLOWANCE, 10, 1 << 40, start);
        assert_eq!(account.wait(ALLOWANCE, 1, start), Some(Duration::from_millis(8_100)), "at most a budget at once");
    }

    #[test]
    fn operations_are_counted_and_refused_ones_are_not() {
        let start = Instant::now();
        let mut account = Account::new(start);
        assert_eq!(account.enter(ALLOWANCE, 10, start), Ok(()));
        assert_eq!(account.enter(ALLOWANCE, 10, start), Ok(()));
        assert_eq!(account.enter(ALLOWANCE, 10, start), Err((Limit::Operations, Duration::from_secs(1))));
        account.leave();
        assert_eq!(account.enter(ALLOWANCE, 90, start), Err((Limit::Budget, Duration::from_secs(1))));
        assert_eq!(account.enter(ALLOWANCE, 80, start), Ok(()));
    }

    #[test]
    fn the_largest_settings_do_not_overflow() {
        let largest = Allowance { operations: 1, budget: 1_000_000_000_000, refill: 1 };
        let start = Instant::now();
        let mut account = Account::new(start);
        for _ in 0..3 {
            account.charge(largest, u64::MAX, start);
        }
        assert!(account.wait(largest, u64::MAX, start).is_some());
    }
}
