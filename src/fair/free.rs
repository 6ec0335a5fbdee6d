use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::owner::Owner;

/// How long the statements of one owner run without turns, together, when there were none of late; and those of all owners
/// of a company.
const MOST: Duration = Duration::from_millis(20);
const MOST_OF_COMPANY: Duration = Duration::from_millis(40);
/// How much of that comes back in a second: a quarter of one processor, and a half.
const REFILL: f64 = 0.25;
const REFILL_OF_COMPANY: f64 = 0.5;
/// Who began no statement for so long is not there any more.
const GONE: Duration = Duration::from_secs(1);
/// So many are remembered before those whose free time is whole are forgotten.
const SWEEP: usize = 1_000;

/// The time that each owner has without turns. Who is alone has all there is.
#[derive(Debug, Default)]
pub struct FreeTime {
    left: HashMap<Whose, Left>,
    /// Who began a statement last, and who did before, if that was somebody else.
    last: [Option<(Owner, Instant)>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Owner(Owner),
    Company(Option<i64>),
}

impl Whose {
    /// In seconds.
    fn most(self) -> f64 {
        match self {
            Self::Owner(_) => MOST.as_secs_f64(),
            Self::Company(_) => MOST_OF_COMPANY.as_secs_f64(),
        }
    }

    fn refill(self) -> f64 {
        match self {
            Self::Owner(_) => REFILL,
            Self::Company(_) => REFILL_OF_COMPANY,
        }
    }

    /// What is left now of what was left.
    fn at(self, left: Option<&Left>, now: Instant) -> f64 {
        left.map_or(self.most(), |left| {
            let elapsed = now.saturating_duration_since(left.at).as_secs_f64();
            (left.seconds + elapsed * self.refill()).min(self.most())
        })
    }
}

/// What is left to somebody.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// Below zero where statements that began at the same time have used it.
    seconds: f64,
    /// When that was right.
    at: Instant,
}

impl FreeTime {
    /// The owner begins a statement. Returns what he has left.
    pub fn of(&mut self, owner: Owner, now: Instant) -> Duration {
        if self.begin(owner, now) {
            return MOST;
        }
        let left = |whose: Whose| whose.at(self.left.get(&whose), now);
        let seconds = left(Whose::Owner(owner)).min(left(Whose::Company(owner.company())));
        Duration::from_secs_f64(seconds.max(0.0))
    }

    /// Whether nobody else has begun one of late. The process itself is nobody: it does little, or has no hurry.
    fn begin(&mut self, owner: Owner, now: Instant) -> bool {
        if owner == Owner::Process {
            return false;
        }
        match &mut self.last {
            [Some((last, at)), _] if *last == owner => *at = now,
            [last, before] => *before = last.replace((owner, now)),
        }
        self.last[1].is_none_or(|(_, at)| now.saturating_duration_since(at) > GONE)
    }

    /// A statement of the owner has run so long without a turn.
    pub fn used(&mut self, owner: Owner, time: Duration, now: Instant) {
        if self.left.len() >= SWEEP {
            self.left.retain(|whose, left| whose.at(Some(left), now) < whose.most());
        }
        for whose in [Whose::Owner(owner), Whose::Company(owner.company())] {
            let seconds = whose.at(self.left.get(&whose), now) - time.as_secs_f64();
            self.left.insert(whose, Left { seconds, at: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::TokenKey;

    fn owner(token_id: i64) -> Owner {
        of_company(token_id, token_id)
    }

    fn of_company(company_id: i64, token_id: i64) -> Owner {
        Owner::Token(TokenKey::Token { company_id, token_id })
    }

    #[test]
    fn tokens_of_a_company_share_its_time() {
        let mut free = FreeTime::default();
        let start = Instant::now();
        for token_id in 0..4 {
            assert!(free.of(of_company(1, token_id), start) > Duration::ZERO);
            free.used(of_company(1, token_id), MOST / 2, start);
        }
        assert_eq!(free.of(of_company(1, 5), start), Duration::ZERO, "none is left of the company's");
        assert_eq!(free.of(of_company(2, 6), start), MOST);
    }

    #[test]
    fn it_is_bounded_and_comes_back_and_who_is_alone_needs_none() {
        let mut free = FreeTime::default();
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        free.used(owner(1), MOST + Duration::from_millis(10), start);
        assert_eq!(free.of(owner(1), start), MOST, "alone");
        assert_eq!(free.of(owner(2), start), MOST);
        assert_eq!(free.of(owner(1), start), Duration::ZERO);
        assert_eq!(free.of(owner(1), after(20)), Duration::ZERO, "10 ms were owed");
        assert_eq!(free.of(owner(1), after(60)), Duration::from_millis(5));
        assert_eq!(free.of(owner(2), after(60)), MOST);
        assert_eq!(free.of(owner(1), after(1_000)), MOST, "no more than that");
        free.used(owner(1), 2 * MOST, after(1_000));
        assert_eq!(free.of(owner(1), after(1_050)), Duration::ZERO);
        assert_eq!(free.of(Owner::Process, after(1_050)), MOST);
        assert_eq!(free.of(owner(1), after(1_100)), MOST, "the other one is gone");
    }
}
