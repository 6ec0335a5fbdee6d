use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::owner::Owner;

/// How long the statements of one owner run without turns, together, when there were none of late.
const MOST: Duration = Duration::from_millis(20);
/// How much of that comes back in a second: a quarter of one processor.
const REFILL: f64 = 0.25;
/// Who began no statement for so long is not there any more.
const GONE: Duration = Duration::from_secs(1);
/// So many owners are remembered before those whose free time is whole are forgotten.
const SWEEP: usize = 1_000;

/// The time that each owner has without turns. Who is alone has all there is.
#[derive(Debug, Default)]
pub struct FreeTime {
    owners: HashMap<Owner, Free>,
    /// Who began a statement last, and who did before, if that was somebody else.
    last: [Option<(Owner, Instant)>; 2],
}

/// What one owner has left.
#[derive(Clone, Copy, Debug)]
struct Free {
    /// In seconds; below zero where statements that began at the same time have used it.
    left: f64,
    /// When `left` was right.
    at: Instant,
}

impl Free {
    fn whole(now: Instant) -> Self {
        Self { left: MOST.as_secs_f64(), at: now }
    }

    fn at(self, now: Instant) -> Self {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        Self { left: (self.left + elapsed * REFILL).min(MOST.as_secs_f64()), at: now }
    }
}

impl FreeTime {
    /// The owner begins a statement. Returns what he has left.
    pub fn of(&mut self, owner: Owner, now: Instant) -> Duration {
        if self.begin(owner, now) {
            return MOST;
        }
        let left = self.owners.get(&owner).copied().unwrap_or_else(|| Free::whole(now)).at(now).left;
        Duration::from_secs_f64(left.max(0.0))
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
        if self.owners.len() >= SWEEP {
            self.owners.retain(|_, free| free.at(now).left < MOST.as_secs_f64());
        }
        let free = self.owners.entry(owner).or_insert_with(|| Free::whole(now));
        *free = free.at(now);
        free.left -= time.as_secs_f64();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::TokenKey;

    fn owner(token_id: i64) -> Owner {
        Owner::Token(TokenKey::Token { company_id: 1, token_id })
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
