use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::free::FreeTime;
use super::owner::Owner;

/// How long a statement of `SQLite` runs at most before it needs a turn, and how long a turn of it is.
pub const SLICE: Duration = Duration::from_millis(5);
/// A statement's turn that is neither taken again nor given back has ended after this: whoever takes its rows is slow.
const LEFT: Duration = Duration::from_millis(30);
/// How many companies, and how many owners, have their last turns remembered: those who had none of the last turns come
/// first, as if they were new.
const MOST_REMEMBERED: usize = 1_000;
/// How often whoever waits for a turn looks by himself.
const LOOK: Duration = Duration::from_millis(5);

/// Turns for work that takes long, on half of the processors: statements of `SQLite`, large answers, texts that are looked
/// through.
///
/// There are more threads than processors, as most of them wait most of the time. Work that takes long would leave a
/// fraction of a processor to all that is brief, so it has turns, first by company, then by token. So have the statements
/// of an owner who runs many that are brief, while others run some, too: they wait before they take a connection, and of one
/// company one more than run at the same time hold one.
#[derive(Clone, Debug)]
pub struct LongTurns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// How many may run at the same time,
    most: usize,
    /// and how many of one company.
    of_company: usize,
    /// Numbers those who wait.
    last: AtomicU64,
    state: Mutex<State>,
    /// Both tell that a turn may be free, to threads and to tasks.
    changed: Condvar,
    freed: Notify,
    free: Mutex<FreeTime>,
}

#[derive(Debug, Default)]
struct State {
    running: Vec<Running>,
    /// In the order in which they came.
    waiting: Vec<Waiter>,
    /// Those that had a turn and may take another, and their companies.
    begun: Vec<(u64, Option<i64>)>,
    /// The last turns of each company and of each owner, as long as anybody runs or waits.
    of_companies: HashMap<Option<i64>, u64>,
    of_owners: HashMap<Owner, u64>,
    /// Counts turns.
    turn: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    id: u64,
    owner: Owner,
    /// It is the first turn, before anything is held, of somebody who runs much.
    is_first: bool,
}

#[derive(Debug)]
struct Running {
    id: u64,
    company: Option<i64>,
    /// When the turn ends by itself, where it does.
    ends: Option<Instant>,
}

/// A turn, until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct LongTurn {
    turns: LongTurns,
    id: u64,
}

impl Drop for LongTurn {
    fn drop(&mut self) {
        self.turns.give_back(self.id);
    }
}

/// Takes whoever waits out of the queue when the future that waits is dropped.
struct Waiting<'a>(&'a LongTurns, u64);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting.retain(|waiter| waiter.id != self.1);
        self.0.tell();
    }
}

impl LongTurns {
    /// Those that all work of the process shares.
    pub fn of_process() -> &'static Self {
        static TURNS: LazyLock<LongTurns> = LazyLock::new(LongTurns::on_all_processors);
        &TURNS
    }

    /// Others for all processors: for tests in one process, which must not wait for each other.
    pub fn on_all_processors() -> Self {
        Self::on(available_parallelism().map_or(1, NonZero::get))
    }

    /// For work that so many processors do.
    pub fn on(processors: usize) -> Self {
        let most = (processors / 2).max(1);
        let free = FreeTime::on(u32::try_from(processors).map_or(f64::MAX, f64::from));
        Self(Arc::new(Shared {
            most,
            of_company: (most / 2).max(1),
            last: AtomicU64::new(0),
            state: Mutex::default(),
            changed: Condvar::new(),
            freed: Notify::new(),
            free: Mutex::new(free),
        }))
    }

    /// How many may run at the same time.
    pub fn most(&self) -> usize {
        self.0.most
    }

    /// How long a statement of this owner that begins now may run before it needs a turn; nothing where its first moment
    /// needs one.
    pub fn free(&self, owner: Owner) -> Duration {
        self.free_time().of(owner, Instant::now()).min(SLICE)
    }

    /// A statement of this owner has run for so long.
    pub fn used(&self, owner: Owner, time: Duration) {
        self.free_time().used(owner, time, Instant::now());
    }

    /// Waits for a turn that lasts until it is dropped.
    pub async fn turn(&self, owner: Owner) -> LongTurn {
        let (turn, waiter) = self.enter(owner, true);
        self.wait(waiter, None, || true).await;
        turn
    }

    /// Waits for the first turn of a statement of `SQLite`, as long as it is wanted. It is taken again by [`Self::take`], and
    /// ends by itself where that does not happen.
    pub async fn first(&self, owner: Owner, is_wanted: impl Fn() -> bool) -> LongTurn {
        // Whoever runs little himself does not stand behind the others of his company.
        let runs_much = !self.free_time().has_own(owner, Instant::now());
        let (turn, waiter) = self.enter(owner, runs_much);
        self.wait(waiter, Some(LEFT), is_wanted).await;
        turn
    }

    async fn wait(&self, waiter: Waiter, lasts: Option<Duration>, is_wanted: impl Fn() -> bool) {
        let _waiting = Waiting(self, waiter.id);
        while is_wanted() {
            let freed = self.0.freed.notified();
            if self.state().grant(waiter.id, &self.0, lasts) {
                return;
            }
            let _ = timeout(LOOK, freed).await;
        }
    }

    /// A statement that began without a turn, and needs one now.
    pub fn begun(&self) -> LongTurn {
        LongTurn { turns: self.clone(), id: self.id() }
    }

    /// Holds this thread until the statement has its next turn, or nobody waits for it any more. Returns how long that took.
    pub fn take(&self, turn: &LongTurn, owner: Owner, is_wanted: impl Fn() -> bool) -> Duration {
        let begun = Instant::now();
        let waiter = Waiter { id: turn.id, owner, is_first: false };
        self.push(waiter);
        let _waiting = Waiting(self, waiter.id);
        let mut state = self.state();
        while is_wanted() && !state.grant(waiter.id, &self.0, Some(LEFT)) {
            state = self.0.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        begun.elapsed()
    }

    fn enter(&self, owner: Owner, is_first: bool) -> (LongTurn, Waiter) {
        let waiter = Waiter { id: self.id(), owner, is_first };
        self.push(waiter);
        (LongTurn { turns: self.clone(), id: waiter.id }, waiter)
    }

    /// Puts somebody into the queue, whose last turn is free for whoever is next.
    fn push(&self, waiter: Waiter) {
        let mut state = self.state();
        state.running.retain(|running| running.id != waiter.id);
        state.waiting.push(waiter);
        drop(state);
        self.tell();
    }

    fn id(&self) -> u64 {
        self.0.last.fetch_add(1, Ordering::Relaxed)
    }

    fn give_back(&self, id: u64) {
        let mut state = self.state();
        state.running.retain(|running| running.id != id);
        state.begun.retain(|(begun, _)| *begun != id);
        if state.running.is_empty() && state.waiting.is_empty() {
            state.of_companies.clear();
            state.of_owners.clear();
        }
        drop(state);
        self.tell();
    }

    fn tell(&self) {
        self.0.changed.notify_all();
        self.0.freed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free_time(&self) -> MutexGuard<'_, FreeTime> {
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives a turn to one who waits, where he is the next one.
    fn grant(&mut self, id: u64, Shared { most, of_company, .. }: &Shared, lasts: Option<Duration>) -> bool {
        let now = Instant::now();
        self.running.retain(|running| running.ends.is_none_or(|ends| ends > now));
        if self.running.len() >= *most {
            return false;
        }
        let last = |owner: &Owner| {
            let of_company = self.of_companies.get(&owner.company()).copied().unwrap_or_default();
            (of_company, self.of_owners.get(owner).copied().unwrap_or_default())
        };
        let may_begin = |waiter: &&Waiter| {
            let company = waiter.owner.company();
            let begun = self.begun.iter().filter(|(_, of)| *of == company).count();
            let running = self.running.iter().filter(|running| running.company == company).count();
            !waiter.is_first || (begun <= *most && running < *of_company)
        };
        let next = self.waiting.iter().filter(may_begin).min_by_key(|waiter| last(&waiter.owner)).copied();
        let Some(Waiter { owner, .. }) = next.filter(|next| next.id == id) else { return false };
        self.turn += 1;
        remember(&mut self.of_companies, owner.company(), self.turn);
        remember(&mut self.of_owners, owner, self.turn);
        if self.begun.iter().all(|(begun, _)| *begun != id) {
            self.begun.push((id, owner.company()));
        }
        self.running.push(Running { id, company: owner.company(), ends: lasts.map(|lasts| now + lasts) });
        self.waiting.retain(|waiter| waiter.id != id);
        true
    }
}

/// Notes the last turn of somebody. Under a load that never ends, nothing else would forget anybody.
fn remember<K: Eq + Hash>(last: &mut HashMap<K, u64>, who: K, turn: u64) {
    if last.len() >= MOST_REMEMBERED {
        let oldest = turn.saturating_sub(MOST_REMEMBERED as u64 / 2);
        last.retain(|_, last| *last > oldest);
    }
    last.insert(who, turn);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::TokenKey;

    #[test]
    fn the_last_turns_of_few_are_remembered() {
        let mut last = HashMap::new();
        for turn in 1..=5_000 {
            remember(&mut last, turn, turn);
            assert!(last.len() <= MOST_REMEMBERED, "{}", last.len());
        }
        assert_eq!(last.get(&5_000), Some(&5_000));
    }

    fn owner(company_id: i64, token_id: i64) -> Owner {
        Owner::Token(TokenKey::Token { company_id, token_id })
    }

    /// One who waits for each of these.
    fn waiting(of: &[(u64, Owner, bool)]) -> State {
        let waiting = of.iter().map(|(id, owner, is_first)| Waiter { id: *id, owner: *owner, is_first: *is_first });
        State { waiting: waiting.collect(), ..State::default() }
    }

    #[test]
    fn companies_take_turns_and_tokens_of_each_whatever_they_have_waiting() {
        let of = [(1, 1, 1), (2, 1, 1), (3, 1, 2), (4, 2, 3), (5, 2, 3)];
        let mut state = waiting(&of.map(|(id, company, token)| (id, owner(company, token), false)));
        let mut order = Vec::new();
        while let Some(id) = (1..=5).find(|id| state.grant(*id, &LongTurns::on(2).0, Some(LEFT))) {
            assert!((1..=5).all(|other| !state.grant(other, &LongTurns::on(2).0, Some(LEFT))), "one at a time");
            order.push(id);
            state.running.clear();
        }
        assert_eq!(order, [1, 4, 3, 5, 2]);
    }

    #[test]
    fn few_statements_of_one_company_hold_connections() {
        let of = [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 4)];
        let mut state = waiting(&of.map(|(id, company, token)| (id, owner(company, token), true)));
        let next = |state: &mut State| {
            state.running.clear();
            (1..=4).find(|id| state.grant(*id, &LongTurns::on(2).0, Some(LEFT)))
        };
        assert_eq!([next(&mut state), next(&mut state), next(&mut state)], [Some(1), Some(4), Some(2)]);
        assert_eq!(next(&mut state), None, "two of the company have begun");
        state.begun.retain(|(id, _)| *id != 1);
        assert_eq!(next(&mut state), Some(3));
    }

    #[test]
    fn a_company_has_half_of_the_turns_while_it_begins_more() {
        let of = [(1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 2, 3)];
        let turns = LongTurns::on(8);
        let mut state = waiting(&of.map(|(id, company, token)| (id, owner(company, token), true)));
        state.running = (5..=6).map(|id| Running { id, company: Some(1), ends: None }).collect();
        assert!((1..=2).all(|id| !state.grant(id, &turns.0, None)));
        assert!((3..=4).all(|id| state.grant(id, &turns.0, None)));
        state.running.remove(0);
        assert!(state.grant(1, &turns.0, None));
    }

    #[test]
    fn a_turn_that_is_left_ends_and_nobody_waits_in_vain() {
        let turns = LongTurns::on(2);
        let (one, other) = (turns.begun(), turns.begun());
        turns.take(&one, owner(1, 1), || true);
        assert!(turns.take(&other, owner(1, 1), || true) <= LEFT + LEFT, "it was left");
        turns.take(&one, owner(1, 1), || false);
        assert!(turns.state().waiting.is_empty());
        drop((one, other));
        assert!(turns.state().begun.is_empty() && turns.state().running.is_empty());
    }

    #[tokio::test]
    async fn tasks_and_threads_wait_for_each_other() {
        let turns = LongTurns::on(2);
        let turn = turns.turn(owner(1, 1)).await;
        let of_thread = std::thread::spawn({
            let turns = turns.clone();
            move || turns.take(&turns.begun(), owner(1, 2), || true)
        });
        // Longer than the turn of a statement would last.
        tokio::time::sleep(2 * LEFT).await;
        assert!(!of_thread.is_finished());
        drop(turn);
        assert!(of_thread.join().unwrap() >= LEFT);
        drop(turns.first(owner(1, 3), || true).await);
        // Whoever waits no more is not waited for.
        let _turn = turns.turn(owner(1, 3)).await;
        assert!(timeout(LOOK, turns.turn(owner(1, 4))).await.is_err());
        drop(turns.first(owner(1, 4), || false).await);
        assert!(turns.state().waiting.is_empty());
    }
}
