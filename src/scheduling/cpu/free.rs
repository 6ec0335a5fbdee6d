use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::CompanyId;
use crate::scheduling::latest::Latest;
use crate::scheduling::principal::Principal;

/// Maximum free time, in seconds per processor: how long the statements of one principal, and those of all principals of a
/// company, may run in total without turns after a pause.
const MOST: f64 = 0.01;
const MOST_OF_COMPANY: f64 = 0.02;
/// Free time that is refilled per second and processor, in seconds.
const REFILL: f64 = 0.125;
const REFILL_OF_COMPANY: f64 = 0.25;
/// Maximum debt, in seconds per processor.
const DEBT: f64 = 0.25;
/// Minimum number of entries before those with full free time are removed, as they need not be remembered.
const SWEEP: usize = 1_000;

/// The free time of each principal and each company, in which statements run without turns (a token bucket). A principal who
/// is alone always has the maximum.
#[derive(Debug)]
pub struct FreeTime {
    processors: f64,
    left: HashMap<Whose, Left>,
    /// The number of entries at which they are swept next: twice as many as the last sweep left, so that the cost of a
    /// sweep is amortized over new entries.
    sweep: usize,
    principals: Latest<Principal>,
    companies: Latest<Option<CompanyId>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Principal(Principal),
    Company(Option<CompanyId>),
}

/// The free time left in a bucket.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// Negative if more was used.
    seconds: f64,
    /// The time for which `seconds` holds.
    at: Instant,
}

impl FreeTime {
    /// For work that runs on this many processors.
    pub fn on(processors: f64) -> Self {
        let (principals, companies) = (Latest::default(), Latest::default());
        Self { processors, left: HashMap::new(), sweep: SWEEP, principals, companies }
    }

    /// Whether the principal has free time left, regardless of its company.
    pub fn has_own(&self, principal: Principal, now: Instant) -> bool {
        self.left(Whose::Principal(principal), now) > 0.0
    }

    /// Records that the principal begins a statement, and returns its free time. The process itself does not count as
    /// another principal: it does little, or can wait.
    pub fn of(&mut self, principal: Principal, now: Instant) -> Duration {
        let is_process = principal == Principal::Process;
        if !is_process {
            self.principals.begin(principal, now);
            self.companies.begin(principal.company(), now);
        }
        let mut seconds = self.most(Whose::Principal(principal));
        if is_process || !self.principals.is_alone(principal, now) {
            seconds = seconds.min(self.left(Whose::Principal(principal), now));
        }
        if is_process || !self.companies.is_alone(principal.company(), now) {
            seconds = seconds.min(self.left(Whose::Company(principal.company()), now));
        }
        Duration::from_secs_f64(seconds.max(0.0))
    }

    /// Deducts the time that a statement of the principal has run.
    pub fn used(&mut self, principal: Principal, time: Duration, now: Instant) {
        if self.left.len() >= self.sweep {
            let whole: Vec<_> = self.left.keys().copied().filter(|it| self.left(*it, now) >= self.most(*it)).collect();
            for whose in whole {
                self.left.remove(&whose);
            }
            self.sweep = SWEEP.max(2 * self.left.len());
        }
        for whose in [Whose::Principal(principal), Whose::Company(principal.company())] {
            let seconds = (self.left(whose, now) - time.as_secs_f64()).max(-DEBT * self.processors);
            self.left.insert(whose, Left { seconds, at: now });
        }
    }

    /// Maximum free time, in seconds.
    fn most(&self, whose: Whose) -> f64 {
        self.processors * if matches!(whose, Whose::Principal(_)) { MOST } else { MOST_OF_COMPANY }
    }

    fn left(&self, whose: Whose, now: Instant) -> f64 {
        let (most, refill) =
            (self.most(whose), if matches!(whose, Whose::Principal(_)) { REFILL } else { REFILL_OF_COMPANY });
        self.left.get(&whose).map_or(most, |left| {
            let elapsed = now.saturating_duration_since(left.at).as_secs_f64();
            (left.seconds + elapsed * refill * self.processors).min(most)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TokenId;
    use crate::scheduling::TokenKey;

    const WHOLE: Duration = Duration::from_millis(20);

    fn of_company(company_id: i64, token_id: i64) -> Principal {
        Principal::Token(TokenKey::Token { company_id: CompanyId(company_id), token_id: TokenId(token_id) })
    }

    #[test]
    fn free_time_is_bounded_refills_and_is_unlimited_when_alone() {
        let mut free = FreeTime::on(2.0);
        let (one, other) = (of_company(1, 1), of_company(1, 2));
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        free.used(one, WHOLE + Duration::from_millis(10), start);
        assert_eq!(free.of(one, start), WHOLE, "alone");
        assert_eq!(free.of(other, start), WHOLE);
        assert_eq!(free.of(one, start), Duration::ZERO);
        assert_eq!(free.of(one, after(20)), Duration::ZERO, "10 ms were owed");
        assert_eq!(free.of(one, after(60)), Duration::from_millis(5));
        assert_eq!(free.of(other, after(60)), WHOLE);
        assert_eq!(free.of(one, after(1_000)), WHOLE, "no more than that");
        free.used(one, Duration::from_secs(100), after(1_000));
        assert_eq!(free.of(one, after(1_050)), Duration::ZERO);
        assert_eq!(free.of(Principal::Process, after(1_050)), WHOLE);
        assert_eq!(free.of(one, after(1_100)), WHOLE, "the other one is gone");
        assert_eq!(free.of(other, after(2_900)), WHOLE);
        assert_eq!(free.of(one, after(3_100)), WHOLE, "no more than half a second is owed");
    }

    #[test]
    fn entries_with_full_credit_are_removed() {
        let mut free = FreeTime::on(2.0);
        let start = Instant::now();
        for token_id in 0..3_000 {
            free.used(of_company(token_id, token_id), WHOLE, start);
        }
        assert_eq!(free.left.len(), 6_000, "all of them have used theirs");
        for token_id in 0..3_000 {
            free.used(of_company(1, token_id), WHOLE, start + Duration::from_secs(10));
        }
        assert!(free.left.len() < 6_000, "{}", free.left.len());
    }

    #[test]
    fn tokens_share_the_credit_of_their_company_while_others_are_active() {
        let mut free = FreeTime::on(2.0);
        let start = Instant::now();
        for token_id in 0..4 {
            assert!(free.of(of_company(1, token_id), start) > Duration::ZERO);
            free.used(of_company(1, token_id), WHOLE / 2, start);
        }
        assert_eq!(free.of(of_company(1, 5), start), WHOLE, "no other company is there");
        assert_eq!(free.of(of_company(2, 6), start), WHOLE);
        assert_eq!(free.of(of_company(1, 5), start), Duration::ZERO, "none is left of the company's");
        assert!(free.has_own(of_company(1, 5), start));
    }
}
