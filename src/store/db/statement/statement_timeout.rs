use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::SqlxError;
use sea_orm::sqlx::SqliteConnection;

use crate::scheduling::{CpuScheduler, CpuSlice, Principal, SLICE, lower_priority};
use crate::store::db::stopwatch::{Stopwatch, millis};

/// Number of virtual machine instructions between two calls of the progress handler: fractions of a millisecond.
const INSTRUCTIONS: i32 = 10_000;
/// The end of a statement without a limit.
const NEVER: u64 = u64::MAX;
/// The end of a statement that nobody waits for any more.
const NOW: u64 = 0;

/// Time limit for statements on one `SQLite` connection. `SQLite` has no statement timeout, but calls a progress
/// handler from time to time, which can interrupt the statement.
///
/// The handler does not learn when a statement begins, so the time starts when the connection is taken, or when the
/// previous statement ends.
#[derive(Clone, Debug)]
pub struct StatementTimeout(Arc<TimeoutState>);

#[derive(Debug)]
struct TimeoutState {
    most: Duration,
    watch: Stopwatch,
    /// When the statement has to end.
    end: AtomicU64,
    /// How many callers have suspended the limit.
    suspended: AtomicU32,
    /// How often the progress handler was called.
    asked: AtomicU64,
    /// Absent if statements need no permits.
    slices: Option<TimeSlices>,
}

/// A connection's permits for long statements.
#[derive(Debug)]
struct TimeSlices {
    scheduler: CpuScheduler,
    /// Owner of the current statement.
    principal: Mutex<Principal>,
    /// The permit that the statement holds, or held and may take again.
    slice: Mutex<Option<Arc<CpuSlice>>>,
    /// When the statement needs its next permit.
    next: AtomicU64,
    /// Time spent waiting for permits since it was last read, in microseconds.
    waited: AtomicU64,
    /// When the current wait for a permit began, or was last reported, in microseconds of the watch. 0 if nothing
    /// waits.
    since: AtomicU64,
}

/// Suspends the limit until it is dropped.
pub struct Suspended<'a>(&'a TimeoutState);

impl StatementTimeout {
    pub fn new(most: Duration) -> Self {
        Self::with(most, None)
    }

    /// Long statements also need permits. Waiting for a permit does not count against the limit.
    pub fn in_slices(most: Duration, scheduler: CpuScheduler) -> Self {
        let slices = TimeSlices {
            scheduler,
            principal: Mutex::new(Principal::Process),
            slice: Mutex::default(),
            next: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            since: AtomicU64::new(0),
        };
        Self::with(most, Some(slices))
    }

    fn with(most: Duration, slices: Option<TimeSlices>) -> Self {
        let (end, suspended, asked) = (AtomicU64::new(NEVER), AtomicU32::new(0), AtomicU64::new(0));
        Self(Arc::new(TimeoutState { most, watch: Stopwatch::start(), end, suspended, asked, slices }))
    }

    /// Starts the time limit, when the connection is taken.
    pub fn begin(&self) {
        let now = self.0.watch.now();
        self.0.end.store(now.saturating_add(millis(self.0.most)), Ordering::Relaxed);
        if let Some(slices) = &self.0.slices {
            slices.opened(now);
        }
    }

    /// Starts a statement of this principal.
    pub fn of(&self, principal: Principal) {
        if let Some(slices) = &self.0.slices {
            slices.begin(principal, self.0.watch.now());
        }
    }

    /// Gives the statement that begins its first permit.
    pub fn adopt(&self, slice: CpuSlice) {
        if let Some(slices) = &self.0.slices {
            *lock(&slices.slice) = Some(Arc::new(slice));
        }
    }

    /// Ends the statement, and gives its permit back.
    pub fn end(&self) {
        if let Some(slices) = &self.0.slices {
            drop(lock(&slices.slice).take());
        }
    }

    /// How long statements waited for permits since the previous call.
    pub fn take_waited(&self) -> Duration {
        let Some(slices) = &self.0.slices else { return Duration::ZERO };
        let (now, since) = (self.0.watch.micros(), slices.since.load(Ordering::Relaxed));
        let is_told =
            since > 0 && slices.since.compare_exchange(since, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let waiting = if is_told { now.saturating_sub(since) } else { 0 };
        Duration::from_micros(slices.waited.swap(0, Ordering::Relaxed).saturating_add(waiting))
    }

    /// Ends the statement, and starts the time limit of the next.
    pub fn next(&self) {
        self.end();
        if self.0.end.load(Ordering::Relaxed) != NEVER {
            self.begin();
        }
    }

    /// Removes the limit until the connection is taken again.
    pub fn lift(&self) {
        self.0.end.store(NEVER, Ordering::Relaxed);
    }

    /// Interrupts the running statement, which nobody waits for any more, at its next progress call.
    pub fn expire(&self) {
        self.0.end.store(NOW, Ordering::Relaxed);
    }

    /// Number of instructions executed since the previous call, to within some thousands.
    pub fn take_steps(&self) -> u64 {
        self.0.asked.swap(0, Ordering::Relaxed) * u64::from(INSTRUCTIONS.unsigned_abs())
    }

    /// Suspends the limit for all who use the connection.
    pub fn suspend(&self) -> Suspended<'_> {
        self.0.suspended.fetch_add(1, Ordering::Relaxed);
        Suspended(&self.0)
    }

    /// Installs the progress handler on the connection.
    ///
    /// # Errors
    /// If the connection is broken.
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

impl TimeoutState {
    fn permits(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.suspended.load(Ordering::Relaxed) > 0 {
            return true;
        }
        if let Some(slices) = &self.slices
            && self.watch.now() >= slices.next.load(Ordering::Relaxed)
        {
            // The driver gives each connection a thread, and this is it. Those that write, look tokens up or answer
            // health checks need no permits, and stay ordinary: others wait for them.
            lower_priority();
            let waited = slices.take(self.watch, || self.end.load(Ordering::Relaxed) != NOW);
            slices.next.store(self.watch.now().saturating_add(millis(SLICE)), Ordering::Relaxed);
            // Unless the limit has expired meanwhile, or was lifted.
            let _ = self.end.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |end| {
                (end != NOW && end != NEVER).then(|| end.saturating_add(millis(waited)))
            });
        }
        self.watch.now() < self.end.load(Ordering::Relaxed)
    }
}

impl TimeSlices {
    /// Starts a statement of this principal, which may already have a permit.
    fn begin(&self, principal: Principal, now: u64) {
        *lock(&self.principal) = principal;
        let free = if lock(&self.slice).is_some() { SLICE } else { self.scheduler.free(principal) };
        self.next.store(now.saturating_add(millis(free)), Ordering::Relaxed);
    }

    /// Computes anew when the next permit is needed, once the connection is open.
    fn opened(&self, now: u64) {
        let principal = *lock(&self.principal);
        self.begin(principal, now);
    }

    fn take(&self, watch: Stopwatch, is_wanted: impl Fn() -> bool) -> Duration {
        let principal = *lock(&self.principal);
        // Do not hold the lock while this thread waits: a caller that gives the statement up takes it, and must not
        // wait.
        let slice = Arc::clone(lock(&self.slice).get_or_insert_with(|| Arc::new(self.scheduler.unstarted())));
        self.since.store(watch.micros(), Ordering::Relaxed);
        let waited = self.scheduler.reacquire(&slice, principal, is_wanted);
        // Only the rest: `take_waited` may have reported part of the wait.
        let rest = watch.micros().saturating_sub(self.since.swap(0, Ordering::Relaxed));
        self.waited.fetch_add(rest, Ordering::Relaxed);
        waited
    }
}

/// No holder of the lock panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_may_run_up_to_its_limit() {
        let limit = StatementTimeout::new(Duration::ZERO);
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

    /// Otherwise, they would slow health checks and short requests down.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn long_statements_run_at_a_lower_priority() {
        use std::fs::{read_dir, read_to_string};

        use sea_orm::sqlx::sqlite::SqliteConnectOptions;
        use sea_orm::sqlx::{Connection as _, query};

        use crate::scheduling::nice_value;

        let own = nice_value("/proc/thread-self/stat");
        for (name, limit, is_lowered) in [
            ("long-turns", StatementTimeout::in_slices(Duration::from_mins(1), CpuScheduler::on(2)), true),
            ("long-ordinary", StatementTimeout::new(Duration::from_mins(1)), false),
        ] {
            let options = SqliteConnectOptions::new().in_memory(true).thread_name(move |_| name.to_owned());
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            limit.clone().watch(&mut connection).await.unwrap();
            limit.of(Principal::Process);
            let sql =
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) SELECT i FROM n";
            query(sql).execute(&mut connection).await.unwrap();
            let mut threads = read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path());
            let is_of_connection =
                |path: &std::path::PathBuf| read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim_end() == name);
            let thread = threads.find(is_of_connection).unwrap();
            assert_eq!(nice_value(thread.join("stat")) > own, is_lowered, "{name}");
        }
    }
}
