use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::OnceCell;

use super::activity::Activity;
use super::connection::Connection;
use crate::scheduling::{CpuScheduler, Permit};
use crate::store::db::postgres::Session;
use crate::store::db::statement::{DbExecutor, StatementTimeout};
use crate::store::db::stopwatch::Stopwatch;

/// How long an operation may add statements to a connection that it shares. Later ones take another, so that nobody
/// holds a connection for as long as an operation takes.
const SHARED: Duration = Duration::from_millis(50);

/// A connection taken from the pool, held until this is dropped and nothing runs on it any more.
#[derive(Debug)]
pub struct PooledConnection {
    connection: Connection,
    /// The `PostgreSQL` session of this lease. If it becomes stale meanwhile, it is replaced only for the next lease,
    /// so that `cancel` always cancels a statement of this one.
    session: OnceCell<Arc<Session>>,
    /// The connection broke.
    is_broken: AtomicBool,
    /// Absent only while this is dropped.
    permit: Option<Permit>,
    /// Counts the time of its statements, if long ones need permits.
    turns: Option<CpuScheduler>,
    /// How many uses have begun and not ended.
    uses: AtomicU32,
    /// How many statements run or are pipelined on it.
    running: AtomicU32,
    watch: Stopwatch,
    /// Until when statement time has been reported, in microseconds of `watch`.
    told: AtomicU64,
}

/// A statement or a transaction on the connection.
///
/// If this is dropped without [`Self::end`], its future was dropped as well, and the statement may still run in the
/// database.
#[must_use]
pub struct Use<'a>(&'a PooledConnection);

impl PooledConnection {
    pub(super) fn new(connection: Connection, permit: Permit, turns: Option<CpuScheduler>) -> Self {
        Self {
            connection,
            session: OnceCell::new(),
            is_broken: AtomicBool::new(false),
            permit: Some(permit),
            turns,
            uses: AtomicU32::new(0),
            running: AtomicU32::new(0),
            watch: Stopwatch::start(),
            told: AtomicU64::new(0),
        }
    }

    /// Permits for long statements, if they need any.
    pub fn turns(&self) -> Option<&CpuScheduler> {
        self.turns.as_ref()
    }

    /// Returns the connection, for running statements.
    ///
    /// # Errors
    /// If the connection cannot be opened in time.
    pub async fn executor(&self) -> Result<DbExecutor, DbErr> {
        match &self.connection {
            Connection::Sqlite(connection, _) => Ok(DbExecutor::Sqlite(connection.clone())),
            Connection::Postgres(lazy_session, _) => {
                Ok(DbExecutor::Postgres(Arc::clone(self.session.get_or_try_init(|| lazy_session.session()).await?)))
            }
        }
    }

    /// The time limit of its statements, if the connection is to `SQLite`.
    pub fn limit(&self) -> Option<&StatementTimeout> {
        self.connection.limit()
    }

    /// Cancels the running statement, if there is one.
    pub async fn cancel(&self) {
        match (&self.connection, self.session.get()) {
            (Connection::Sqlite(_, limit), _) => limit.expire(),
            (Connection::Postgres(..), Some(session)) => session.cancel().await,
            (Connection::Postgres(..), None) => {}
        }
    }

    /// The activity of the connection, according to another one; `None` on `SQLite`, or if the server process is
    /// unknown.
    pub async fn activity(&self) -> Option<Activity> {
        let Connection::Postgres(_, overview) = &self.connection else { return None };
        match self.session.get() {
            // It is still being opened.
            None => Some(Activity::Waits),
            Some(session) => Some(overview.of(session.process()?).await),
        }
    }

    /// Marks the connection as broken, so that no other statement of the operation uses it.
    pub fn broke(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }

    /// Whether another statement of the operation may use it, too.
    pub fn may_be_shared(&self) -> bool {
        !self.is_broken.load(Ordering::Relaxed) && self.watch.elapsed() < SHARED
    }

    /// Whether it is a reserved connection, for short use only.
    pub fn is_reserved(&self) -> bool {
        self.permit.as_ref().is_some_and(Permit::is_reserved)
    }

    /// Begins a statement. Starts its time now, unless others already run; these share one count.
    pub fn begin_statement(&self) {
        if self.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.take_time();
        }
    }

    pub fn end_statement(&self) {
        self.running.fetch_sub(1, Ordering::AcqRel);
    }

    /// How long statements have run since the previous call.
    pub fn take_time(&self) -> Duration {
        let now = self.watch.micros();
        Duration::from_micros(now.saturating_sub(self.told.swap(now, Ordering::AcqRel)))
    }

    pub fn begin(&self) -> Use<'_> {
        self.hold();
        Use(self)
    }

    /// Begins a use that [`Self::end`] ends.
    pub fn hold(&self) {
        self.uses.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a use besides the transaction has not ended.
    pub fn is_left(&self) -> bool {
        self.uses.load(Ordering::Relaxed) > 1
    }

    pub fn end(&self) {
        self.uses.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Use<'_> {
    pub fn end(self) {
        self.0.end();
    }
}

impl Drop for PooledConnection {
    /// Keeps the connection until whatever still runs on it has ended.
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        if self.uses.load(Ordering::Relaxed) == 0 {
            return;
        }
        // Without a runtime, everything ends anyway.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let connection = self.connection.clone();
            runtime.spawn(async move {
                connection.recover().await;
                drop(permit);
            });
        }
    }
}
