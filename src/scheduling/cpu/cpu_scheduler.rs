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
use super::queue::{Queue, QueueTicket, Waiter, Wake};
use crate::ids::CompanyId;
use crate::scheduling::principal::Principal;

/// Maximum time that a statement of `SQLite` runs before it needs a turn, and the length of its turns.
pub const SLICE: Duration = Duration::from_millis(5);
/// A statement's turn ends after this time if it is neither renewed nor given back, because whoever fetches the rows is
/// slow.
const LEFT: Duration = Duration::from_millis(30);
/// Maximum number of companies, and of principals, whose last turns are remembered. Principals without a recent turn
/// are forgotten and go first, as if they were new.
const MOST_REMEMBERED: usize = 1_000;
/// How often a thread that waits for a turn checks whether the turn is still wanted.
const LOOK: Duration = Duration::from_millis(5);
/// The same for a task, of which there may be many.
const LOOK_OF_TASK: Duration = Duration::from_millis(30);

/// A scheduler for long work on half of the processors: statements of `SQLite`, large responses, and the processing of
/// long texts.
///
/// There are more threads than processors, as most threads wait most of the time. Unlimited long work would leave only
/// a fraction of a processor to short work, so it runs in turns, which rotate first by company, then by token. The same
/// applies to short statements of a principal that runs many while others run some, too: these wait before they take a
/// connection, and of one company at most one more statement than may run at the same time holds one.
#[derive(Clone, Debug)]
pub struct CpuScheduler(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Maximum number of turns at the same time.
    capacity: usize,
    /// The same for one company.
    of_company: usize,
    /// The last id given to a turn.
    last: AtomicU64,
    state: Mutex<State>,
    free: Mutex<FreeTime>,
}

#[derive(Debug, Default)]
struct State {
    running: Vec<Running>,
    waiting: Queue,
    /// The turns that were granted and may be renewed, with their companies.
    begun: Vec<(u64, Option<CompanyId>)>,
    /// The last turns of each company and each principal, kept while any turn runs or is waited for.
    of_companies: HashMap<Option<CompanyId>, u64>,
    of_principals: HashMap<Principal, u64>,
    /// Counts granted turns.
    turn: u64,
}

#[derive(Debug)]
struct Running {
    id: u64,
    company: Option<CompanyId>,
    /// When the turn ends by itself; `None` if it lasts until it is given back.
    ends: Option<Instant>,
}

/// A turn. Dropping it gives it back.
#[derive(Debug)]
#[must_use]
pub struct CpuSlice {
    scheduler: CpuScheduler,
    id: u64,
}

impl Drop for CpuSlice {
    fn drop(&mut self) {
        self.scheduler.give_back(self.id);
    }
}

/// Removes a waiter from the queue when dropped.
struct Waiting<'a>(&'a CpuScheduler, QueueTicket);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting.remove(self.1);
    }
}

impl CpuScheduler {
    /// The scheduler that all work of the process shares.
    pub fn of_process() -> &'static Self {
        static SCHEDULER: LazyLock<CpuScheduler> = LazyLock::new(CpuScheduler::on_all_processors);
        &SCHEDULER
    }

    /// A separate scheduler for all processors. Tests in one process use it so that they do not wait for each other.
    pub fn on_all_processors() -> Self {
        Self::on(available_parallelism().map_or(1, NonZero::get))
    }

    /// For work that runs on this many processors.
    pub fn on(processors: usize) -> Self {
        let capacity = (processors / 2).max(1);
        let free = FreeTime::on(u32::try_from(processors).map_or(f64::MAX, f64::from));
        Self(Arc::new(Shared {
            capacity,
            of_company: (capacity / 2).max(1),
            last: AtomicU64::new(0),
            state: Mutex::default(),
            free: Mutex::new(free),
        }))
    }

    /// Maximum number of turns at the same time.
    pub fn capacity(&self) -> usize {
        self.0.capacity
    }

    /// How long a statement that this principal begins now may run before it needs a turn; zero if it needs one from the
    /// start.
    pub fn free(&self, principal: Principal) -> Duration {
        self.free_time().of(principal, Instant::now()).min(SLICE)
    }

    /// Records how long a statement of this principal has run.
    pub fn charge(&self, principal: Principal, time: Duration) {
        self.free_time().used(principal, time, Instant::now());
    }

    /// Waits for a turn that lasts until it is dropped.
    pub async fn acquire(&self, principal: Principal) -> CpuSlice {
        self.enter(Waiter { principal, is_first: true, lasts: None }, || true).await
    }

    /// Waits for the first turn of a statement of `SQLite`, as long as it is wanted. [`Self::reacquire`] renews the turn;
    /// otherwise it ends by itself.
    pub async fn acquire_first(&self, principal: Principal, is_wanted: impl Fn() -> bool) -> CpuSlice {
        // A principal that runs little does not queue behind the others of its company.
        let runs_much = !self.free_time().has_own(principal, Instant::now());
        self.enter(Waiter { principal, is_first: runs_much, lasts: Some(LEFT) }, is_wanted).await
    }

    async fn enter(&self, waiter: Waiter, is_wanted: impl Fn() -> bool) -> CpuSlice {
        let slice = self.unstarted();
        let granted = Arc::new(Notify::new());
        let _waiting = self.push(slice.id, waiter, Wake::Task(Arc::clone(&granted)));
        while is_wanted() {
            if timeout(LOOK_OF_TASK, granted.notified()).await.is_ok() {
                break;
            }
            self.grant(&mut self.state());
        }
        slice
    }

    /// Registers a statement that began without a turn and needs one now.
    pub fn unstarted(&self) -> CpuSlice {
        CpuSlice { scheduler: self.clone(), id: self.0.last.fetch_add(1, Ordering::Relaxed) }
    }

    /// Blocks this thread until the statement gets its next turn, or is no longer wanted. Returns how long that took.
    pub fn reacquire(&self, slice: &CpuSlice, principal: Principal, is_wanted: impl Fn() -> bool) -> Duration {
        let begun = Instant::now();
        let (granted, grant) = sync_channel(1);
        let _waiting =
            self.push(slice.id, Waiter { principal, is_first: false, lasts: Some(LEFT) }, Wake::Thread(granted));
        while is_wanted() && grant.recv_timeout(LOOK).is_err() {
            self.grant(&mut self.state());
        }
        begun.elapsed()
    }

    /// Adds a waiter to the queue. Its previous turn ends, and goes to whoever is next.
    fn push(&self, id: u64, waiter: Waiter, wake: Wake) -> Waiting<'_> {
        let mut state = self.state();
        state.running.retain(|running| running.id != id);
        let place = state.waiting.push(id, waiter, wake);
        self.grant(&mut state);
        Waiting(self, place)
    }

    /// Grants free turns to those next in the queue.
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
            state.of_principals.clear();
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
    /// Grants a free turn, if there is one, to the next in the queue.
    fn next(&mut self, Shared { capacity, of_company, .. }: &Shared, now: Instant) -> Option<Wake> {
        self.running.retain(|running| running.ends.is_none_or(|ends| ends > now));
        if self.running.len() >= *capacity {
            return None;
        }
        let may_begin = |company: Option<CompanyId>| {
            let begun = self.begun.iter().filter(|(_, of)| *of == company).count();
            let running = self.running.iter().filter(|running| running.company == company).count();
            begun <= *capacity && running < *of_company
        };
        let last_of_company = |company| self.of_companies.get(&company).copied().unwrap_or_default();
        let last_of_principal = |principal| self.of_principals.get(&principal).copied().unwrap_or_default();
        let (id, Waiter { principal, lasts, .. }, wake) =
            self.waiting.pop(may_begin, last_of_company, last_of_principal)?;
        self.turn += 1;
        remember(&mut self.of_companies, principal.company(), self.turn);
        remember(&mut self.of_principals, principal, self.turn);
        if self.begun.iter().all(|(begun, _)| *begun != id) {
            self.begun.push((id, principal.company()));
        }
        self.running.push(Running { id, company: principal.company(), ends: lasts.map(|lasts| now + lasts) });
        Some(wake)
    }
}

/// Records the last turn of a company or principal, and drops old records: under constant load nothing else would drop
/// them.
fn remember<K: Eq + Hash>(last: &mut HashMap<K, u64>, who: K, turn: u64) {
    if last.len() >= MOST_REMEMBERED {
        let oldest = turn.saturating_sub(MOST_REMEMBERED as u64 / 2);
        last.retain(|_, last| *last > oldest);
    }
    last.insert(who, turn);
}

#[cfg(test)]
mod tests;
