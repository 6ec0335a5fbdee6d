use std::collections::HashMap;
use std::num::NonZero;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::fair::Owner;

/// How long a statement of `SQLite` runs at most before it needs a turn, and how long a turn is.
pub const SLICE: Duration = Duration::from_millis(10);
/// How long the statements of one owner run without turns, together, when there were none of late.
const FREE: Duration = Duration::from_millis(50);
/// How much of that comes back in a second: a quarter of one processor.
const REFILL: f64 = 0.25;
/// So many owners are remembered before those whose free time is whole are forgotten.
const SWEEP: usize = 1_000;
/// A turn that is neither taken again nor given back has ended after this: its statement waits for whoever takes its rows.
const LEFT: Duration = Duration::from_millis(30);
/// How often whoever waits for a turn looks whether anybody still waits for his statement.
const LOOK: Duration = Duration::from_millis(5);

/// Turns of statements that take long, on half of the processors.
///
/// `SQLite` runs in the threads of our own connections: more of them than there are processors. Statements that take
/// long would leave a fraction of a processor to all that is brief, so they share half of them, in turns by owner. So do
/// those of an owner who runs many that are brief: the time without turns is bounded, too.
#[derive(Clone, Debug)]
pub struct Slices(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// How many may run at the same time.
    most: usize,
    state: Mutex<State>,
    changed: Condvar,
    free: Mutex<HashMap<Owner, Free>>,
}

/// The time without turns that an owner has left.
#[derive(Clone, Copy, Debug)]
struct Free {
    /// In seconds; below zero where statements that began at the same time have used it.
    left: f64,
    /// When `left` was right.
    at: Instant,
}

impl Free {
    fn at(self, now: Instant) -> Self {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        Self { left: (self.left + elapsed * REFILL).min(FREE.as_secs_f64()), at: now }
    }
}

#[derive(Debug, Default)]
struct State {
    running: Vec<Running>,
    /// In the order in which they came.
    waiting: Vec<(u64, Owner)>,
    /// The last turn of each owner, as long as anybody runs or waits.
    last: HashMap<Owner, u64>,
    /// Counts turns.
    turn: u64,
}

#[derive(Debug)]
struct Running {
    statement: u64,
    left: Instant,
}

impl Slices {
    pub fn new() -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Self::of((processors / 2).max(1))
    }

    fn of(most: usize) -> Self {
        Self(Arc::new(Shared { most, state: Mutex::default(), changed: Condvar::new(), free: Mutex::default() }))
    }

    /// How long a statement of this owner that begins now may run before it needs a turn.
    pub fn free(&self, owner: Owner) -> Duration {
        let free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        let left = free.get(&owner).map_or(FREE.as_secs_f64(), |free| free.at(Instant::now()).left);
        Duration::from_secs_f64(left.max(0.0)).min(SLICE)
    }

    /// A statement of this owner has run so long without a turn.
    pub fn used(&self, owner: Owner, time: Duration) {
        let now = Instant::now();
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() >= SWEEP {
            free.retain(|_, free| free.at(now).left < FREE.as_secs_f64());
        }
        let of_owner = free.entry(owner).or_insert(Free { left: FREE.as_secs_f64(), at: now });
        *of_owner = of_owner.at(now);
        of_owner.left -= time.as_secs_f64();
    }

    /// Holds this thread until the statement has a turn, or nobody waits for it any more. Returns how long that took.
    pub fn take(&self, statement: u64, owner: Owner, is_wanted: impl Fn() -> bool) -> Duration {
        let begun = Instant::now();
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running.retain(|running| running.statement != statement);
        state.waiting.push((statement, owner));
        // Its last turn is free for whoever is next.
        self.0.changed.notify_all();
        while is_wanted() && !state.grant(statement, self.0.most) {
            state = self.0.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.waiting.retain(|(waiting, _)| *waiting != statement);
        begun.elapsed()
    }

    /// The statement has ended.
    pub fn give_back(&self, statement: u64) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running.retain(|running| running.statement != statement);
        if state.running.is_empty() && state.waiting.is_empty() {
            state.last.clear();
        }
        drop(state);
        self.0.changed.notify_all();
    }
}

impl State {
    /// Gives the statement a turn, where it is the next one.
    fn grant(&mut self, statement: u64, most: usize) -> bool {
        let now = Instant::now();
        self.running.retain(|running| running.left > now);
        if self.running.len() >= most {
            return false;
        }
        let last = |owner: &Owner| self.last.get(owner).copied().unwrap_or_default();
        let next = self.waiting.iter().min_by_key(|(_, owner)| last(owner)).copied();
        let Some((_, owner)) = next.filter(|(next, _)| *next == statement) else { return false };
        self.turn += 1;
        self.last.insert(owner, self.turn);
        self.running.push(Running { statement, left: now + LEFT });
        true
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
    fn owners_take_turns_whatever_each_of_them_has_waiting() {
        let waiting = [(1, owner(1)), (2, owner(1)), (3, owner(1)), (4, owner(2))];
        let mut state = State { waiting: waiting.to_vec(), ..State::default() };
        let mut order = Vec::new();
        while let Some(statement) = (1..=4).find(|statement| state.grant(*statement, 1)) {
            assert!((1..=4).all(|other| !state.grant(other, 1)), "one at a time");
            order.push(statement);
            state.waiting.retain(|(waiting, _)| *waiting != statement);
            state.running.clear();
        }
        assert_eq!(order, [1, 4, 2, 3]);
    }

    #[test]
    fn the_time_without_turns_is_bounded_and_comes_back() {
        let slices = Slices::of(1);
        assert_eq!(slices.free(owner(1)), SLICE);
        slices.used(owner(1), FREE + SLICE);
        assert_eq!((slices.free(owner(1)), slices.free(owner(2))), (Duration::ZERO, SLICE));
        let later = slices.0.free.lock().unwrap()[&owner(1)].at(Instant::now() + 2 * FREE);
        assert!((later.left - 0.015).abs() < 0.005, "a quarter of 100 ms, and 10 ms were owed: {later:?}");
    }

    #[test]
    fn a_turn_that_is_left_ends_and_nobody_waits_in_vain() {
        let slices = Slices::of(1);
        slices.take(1, owner(1), || true);
        assert!(slices.take(2, owner(1), || true) <= LEFT + LEFT, "it was left");
        slices.take(3, owner(1), || false);
        assert!(slices.0.state.lock().unwrap().waiting.is_empty());
    }
}
