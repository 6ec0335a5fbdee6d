use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::free::FreeTime;
use super::owner::Owner;
use super::queue::{Place, Queue, Waiter, Wake};

/// How long a statement of `SQLite` runs at most before it needs a turn, and how long a turn of it is.
pub const SLICE: Duration = Duration::from_millis(5);
/// A statement's turn that is neither taken again nor given back has ended after this: whoever takes its rows is slow.
const LEFT: Duration = Duration::from_millis(30);
/// How many companies, and how many owners, have their last turns remembered: those who had none of the last turns come
/// first, as if they were new.
const MOST_REMEMBERED: usize = 1_000;
/// How often a thread that waits for a turn looks whether it is still wanted,
const LOOK: Duration = Duration::from_millis(5);
/// and how often a task does, of which there may be many.
const LOOK_OF_TASK: Duration = Duration::from_millis(30);

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
    free: Mutex<FreeTime>,
}

#[derive(Debug, Default)]
struct State {
    running: Vec<Running>,
    waiting: Queue,
    /// Those that had a turn and may take another, and their companies.
    begun: Vec<(u64, Option<i64>)>,
    /// The last turns of each company and of each owner, as long as anybody runs or waits.
    of_companies: HashMap<Option<i64>, u64>,
    of_owners: HashMap<Owner, u64>,
    /// Counts turns.
    turn: u64,
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

/// Takes whoever waits out of the queue when this is dropped.
struct Waiting<'a>(&'a LongTurns, Place);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting.remove(self.1);
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
        self.enter(Waiter { owner, is_first: true, lasts: None }, || true).await
    }

    /// Waits for the first turn of a statement of `SQLite`, as long as it is wanted. It is taken again by [`Self::take`], and
    /// ends by itself where that does not happen.
    pub async fn first(&self, owner: Owner, is_wanted: impl Fn() -> bool) -> LongTurn {
        // Whoever runs little himself does not stand behind the others of his company.
        let runs_much = !self.free_time().has_own(owner, Instant::now());
        self.enter(Waiter { owner, is_first: runs_much, lasts: Some(LEFT) }, is_wanted).await
    }

    async fn enter(&self, waiter: Waiter, is_wanted: impl Fn() -> bool) -> LongTurn {
        let turn = self.begun();
        let granted = Arc::new(Notify::new());
        let _waiting = self.push(turn.id, waiter, Wake::Task(Arc::clone(&granted)));
        while is_wanted() {
            if timeout(LOOK_OF_TASK, granted.notified()).await.is_ok() {
                break;
            }
            self.grant(&mut self.state());
        }
        turn
    }

    /// A statement that began without a turn, and needs one now.
    pub fn begun(&self) -> LongTurn {
        LongTurn { turns: self.clone(), id: self.0.last.fetch_add(1, Ordering::Relaxed) }
    }

    /// Holds this thread until the statement has its next turn, or nobody waits for it any more. Returns how long that took.
    pub fn take(&self, turn: &LongTurn, owner: Owner, is_wanted: impl Fn() -> bool) -> Duration {
        let begun = Instant::now();
        let (granted, grant) = sync_channel(1);
        let _waiting = self.push(turn.id, Waiter { owner, is_first: false, lasts: Some(LEFT) }, Wake::Thread(granted));
        while is_wanted() && grant.recv_timeout(LOOK).is_err() {
            self.grant(&mut self.state());
        }
        begun.elapsed()
    }

    /// Puts somebody into the queue, whose last turn is free for whoever is next.
    fn push(&self, id: u64, waiter: Waiter, wake: Wake) -> Waiting<'_> {
        let mut state = self.state();
        state.running.retain(|running| running.id != id);
        let place = state.waiting.push(id, waiter, wake);
        self.grant(&mut state);
        Waiting(self, place)
    }

    /// Gives the turns that are free to those who are next.
    fn grant(&self, state: &mut State) {
        while let Some(wake) = state.next(&self.0, Instant::now()) {
            wake.wake();
        }
    }

    fn give_back(&self, id: u64) {
        let mut state = self.state();
        state.running.retain(|running| running.id != id);
        state.begun.retain(|(begun, _)| *begun != id);
        self.grant(&mut state);
        if state.running.is_empty() && state.waiting.is_empty() {
            state.of_companies.clear();
            state.of_owners.clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free_time(&self) -> MutexGuard<'_, FreeTime> {
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives a turn to the next one who waits, where one is free.
    fn next(&mut self, Shared { most, of_company, .. }: &Shared, now: Instant) -> Option<Wake> {
        self.running.retain(|running| running.ends.is_none_or(|ends| ends > now));
        if self.running.len() >= *most {
            return None;
        }
        let may_begin = |company: Option<i64>| {
            let begun = self.begun.iter().filter(|(_, of)| *of == company).count();
            let running = self.running.iter().filter(|running| running.company == company).count();
            begun <= *most && running < *of_company
        };
        let last_of_company = |company| self.of_companies.get(&company).copied().unwrap_or_default();
        let last_of_owner = |owner| self.of_owners.get(&owner).copied().unwrap_or_default();
        let (id, Waiter { owner, lasts, .. }, wake) = self.waiting.pop(may_begin, last_of_company, last_of_owner)?;
        self.turn += 1;
        remember(&mut self.of_companies, owner.company(), self.turn);
        remember(&mut self.of_owners, owner, self.turn);
        if self.begun.iter().all(|(begun, _)| *begun != id) {
            self.begun.push((id, owner.company()));
        }
        self.running.push(Running { id, company: owner.company(), ends: lasts.map(|lasts| now + lasts) });
        Some(wake)
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
mod tests;
