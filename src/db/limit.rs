use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::SqlxError;
use sea_orm::sqlx::SqliteConnection;

use super::stopwatch::{Stopwatch, millis};
use crate::fair::{LongTurn, LongTurns, Owner, SLICE};

/// How many instructions of its own `SQLite` runs before it asks whether to go on: fractions of a millisecond.
const INSTRUCTIONS: i32 = 10_000;
/// The end of what may take any time.
const NEVER: u64 = u64::MAX;
/// The end of what nobody waits for any more.
const NOW: u64 = 0;

/// How long a statement may run on one connection to `SQLite`, which has no such setting, but asks from time to time
/// whether to go on.
///
/// It is not told when a statement begins: that is when the connection is taken, or when the statement before it has
/// ended.
#[derive(Clone, Debug)]
pub struct TimeLimit(Arc<Limit>);

#[derive(Debug)]
struct Limit {
    most: Duration,
    watch: Stopwatch,
    /// When the statement has to end.
    end: AtomicU64,
    /// How many have asked for no limit.
    suspended: AtomicU32,
    /// How often it was asked.
    asked: AtomicU64,
    /// Absent where statements take no turns.
    turns: Option<Turns>,
}

/// What a connection knows of the turns of its statements.
#[derive(Debug)]
struct Turns {
    long: LongTurns,
    /// Whose statements run on it.
    owner: Mutex<Owner>,
    /// The turn that its statement has, or had and may take again.
    turn: Mutex<Option<Arc<LongTurn>>>,
    /// When the next turn is needed.
    next: AtomicU64,
    /// How long turns were waited for since this was asked for last, in microseconds.
    waited: AtomicU64,
    /// Since when one is waited for, in microseconds of the watch; up to then it was told. 0 where none is.
    since: AtomicU64,
}

/// There is no limit until this is dropped.
pub struct Suspended<'a>(&'a Limit);

impl TimeLimit {
    pub fn new(most: Duration) -> Self {
        Self::with(most, None)
    }

    /// Statements that take long have to take turns, too, and the time that they wait is not theirs.
    pub fn in_turns(most: Duration, long: LongTurns) -> Self {
        let turns = Turns {
            long,
            owner: Mutex::new(Owner::Process),
            turn: Mutex::default(),
            next: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            since: AtomicU64::new(0),
        };
        Self::with(most, Some(turns))
    }

    fn with(most: Duration, turns: Option<Turns>) -> Self {
        let (end, suspended, asked) = (AtomicU64::new(NEVER), AtomicU32::new(0), AtomicU64::new(0));
        Self(Arc::new(Limit { most, watch: Stopwatch::start(), end, suspended, asked, turns }))
    }

    /// The connection is taken.
    pub fn begin(&self) {
        let now = self.0.watch.now();
        self.0.end.store(now.saturating_add(millis(self.0.most)), Ordering::Relaxed);
        if let Some(turns) = &self.0.turns {
            turns.opened(now);
        }
    }

    /// A statement of this owner begins.
    pub fn of(&self, owner: Owner) {
        if let Some(turns) = &self.0.turns {
            turns.begin(owner, self.0.watch.now());
        }
    }

    /// The statement that begins has its first turn already.
    pub fn adopt(&self, turn: LongTurn) {
        if let Some(turns) = &self.0.turns {
            *lock(&turns.turn) = Some(Arc::new(turn));
        }
    }

    /// The statement has ended.
    pub fn end(&self) {
        if let Some(turns) = &self.0.turns {
            drop(lock(&turns.turn).take());
        }
    }

    /// How long statements waited for turns since this was asked for last.
    pub fn take_waited(&self) -> Duration {
        let Some(turns) = &self.0.turns else { return Duration::ZERO };
        let (now, since) = (self.0.watch.micros(), turns.since.load(Ordering::Relaxed));
        let is_told =
            since > 0 && turns.since.compare_exchange(since, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let waiting = if is_told { now.saturating_sub(since) } else { 0 };
        Duration::from_micros(turns.waited.swap(0, Ordering::Relaxed).saturating_add(waiting))
    }

    /// A statement has ended, and another may begin.
    pub fn next(&self) {
        self.end();
        if self.0.end.load(Ordering::Relaxed) != NEVER {
            self.begin();
        }
    }

    /// No limit until the connection is taken again.
    pub fn lift(&self) {
        self.0.end.store(NEVER, Ordering::Relaxed);
    }

    /// Nobody waits any more for the statement that runs: it ends as soon as it asks, and the connection is free then.
    pub fn expire(&self) {
        self.0.end.store(NOW, Ordering::Relaxed);
    }

    /// How many instructions were executed since this was asked for last, to some thousands.
    pub fn take_steps(&self) -> u64 {
        self.0.asked.swap(0, Ordering::Relaxed) * u64::from(INSTRUCTIONS.unsigned_abs())
    }

    /// No limit, whoever takes the connection.
    pub fn suspend(&self) -> Suspended<'_> {
        self.0.suspended.fetch_add(1, Ordering::Relaxed);
        Suspended(&self.0)
    }

    /// Has the connection keep to the limit.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn watch(self, connection: &mut SqliteConnection) -> Result<(), SqlxError> {
        self.begin();
        connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || self.0.permits());
        Ok(())
    }
}

impl Drop for Suspended<'_> {
    fn drop(&mut self) {
        self.0.suspended.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limit {
    fn permits(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.suspended.load(Ordering::Relaxed) > 0 {
            return true;
        }
        if let Some(turns) = &self.turns
            && self.watch.now() >= turns.next.load(Ordering::Relaxed)
        {
            let waited = turns.take(self.watch, || self.end.load(Ordering::Relaxed) != NOW);
            turns.next.store(self.watch.now().saturating_add(millis(SLICE)), Ordering::Relaxed);
            // Unless it was expired meanwhile, or never ends.
            let _ = self.end.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |end| {
                (end != NOW && end != NEVER).then(|| end.saturating_add(millis(waited)))
            });
        }
        self.watch.now() < self.end.load(Ordering::Relaxed)
    }
}

impl Turns {
    /// A statement of this owner begins, with a turn or without.
    fn begin(&self, owner: Owner, now: u64) {
        *lock(&self.owner) = owner;
        let free = if lock(&self.turn).is_some() { SLICE } else { self.long.free(owner) };
        self.next.store(now.saturating_add(millis(free)), Ordering::Relaxed);
    }

    /// Its connection is open.
    fn opened(&self, now: u64) {
        let owner = *lock(&self.owner);
        self.begin(owner, now);
    }

    fn take(&self, watch: Stopwatch, is_wanted: impl Fn() -> bool) -> Duration {
        let owner = *lock(&self.owner);
        // The lock is not held while this thread waits: whoever gives the statement up does not.
        let turn = Arc::clone(lock(&self.turn).get_or_insert_with(|| Arc::new(self.long.begun())));
        self.since.store(watch.micros(), Ordering::Relaxed);
        let waited = self.long.take(&turn, owner, is_wanted);
        // The rest of it: some may have been told while it lasted.
        let rest = watch.micros().saturating_sub(self.since.swap(0, Ordering::Relaxed));
        self.waited.fetch_add(rest, Ordering::Relaxed);
        waited
    }
}

/// Nothing panics while it holds one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_may_run_as_long_as_its_limit_says() {
        let limit = TimeLimit::new(Duration::ZERO);
        let permits = |expected: bool| assert_eq!(limit.0.permits(), expected);
        permits(true);
        limit.next();
        permits(true);
        limit.begin();
        permits(false);
        let (one, other) = (limit.suspend(), limit.suspend());
        permits(true);
        drop(one);
        limit.begin();
        permits(true);
        drop(other);
        permits(false);
        limit.lift();
        limit.next();
        permits(true);
        limit.expire();
        permits(false);
        assert_eq!(limit.take_steps(), 80_000);
        assert_eq!(limit.take_steps(), 0);
    }
}
