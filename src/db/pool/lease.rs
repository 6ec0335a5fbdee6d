use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::OnceCell;

use super::activity::Activity;
use super::connection::Connection;
use crate::db::door::Door;
use crate::db::limit::TimeLimit;
use crate::db::postgres::Session;
use crate::db::stopwatch::Stopwatch;
use crate::fair::{LongTurns, Permit};

/// For so long more statements of an operation may share a connection; later ones ask for a turn of their own, so that nobody
/// holds a connection for as long as a whole operation takes.
const SHARED: Duration = Duration::from_millis(50);

/// A connection that was taken, until this is dropped and nothing runs on it any more.
#[derive(Debug)]
pub struct Lease {
    connection: Connection,
    /// The session of `PostgreSQL` that all of it runs on. One that comes into doubt meanwhile is not replaced before the
    /// next lease, so that what is cancelled is a statement of this one.
    session: OnceCell<Arc<Session>>,
    /// Its connection broke.
    is_broken: AtomicBool,
    /// Absent only while it is dropped.
    permit: Option<Permit>,
    /// What its use is counted in, where it is.
    turns: Option<LongTurns>,
    /// How many uses were begun, and not ended.
    uses: AtomicU32,
    /// How many statements run on it, one after the other.
    running: AtomicU32,
    watch: Stopwatch,
    /// Up to when the time of its statements was told, by `watch`, in microseconds.
    told: AtomicU64,
}

/// Something that is done on a connection: a statement, or a transaction.
///
/// Where this is dropped without [`Self::end`], the future that did it was dropped: it may run on in the database.
#[must_use]
pub struct Use<'a>(&'a Lease);

impl Lease {
    pub(super) fn new(connection: Connection, permit: Permit, turns: Option<LongTurns>) -> Self {
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

    /// What its use is counted in.
    pub fn turns(&self) -> Option<&LongTurns> {
        self.turns.as_ref()
    }

    /// Where statements run.
    ///
    /// # Errors
    /// Where the connection has to be opened, and cannot be in time.
    pub async fn door(&self) -> Result<Door, DbErr> {
        match &self.connection {
            Connection::Sqlite(door, _) => Ok(Door::Sqlite(door.clone())),
            Connection::Postgres(line, _) => {
                Ok(Door::Postgres(Arc::clone(self.session.get_or_try_init(|| line.session()).await?)))
            }
        }
    }

    /// The time limit of its statements, where `SQLite` keeps it.
    pub fn limit(&self) -> Option<&TimeLimit> {
        self.connection.limit()
    }

    /// Ends the statement that runs on the connection, where there is one.
    pub async fn cancel(&self) {
        match (&self.connection, self.session.get()) {
            (Connection::Sqlite(_, limit), _) => limit.expire(),
            (Connection::Postgres(..), Some(session)) => session.cancel().await,
            (Connection::Postgres(..), None) => {}
        }
    }

    /// What the connection does, as far as another one can tell; `None` where nobody can be asked.
    pub async fn activity(&self) -> Option<Activity> {
        let Connection::Postgres(_, overview) = &self.connection else { return None };
        match self.session.get() {
            // To open a connection is no work on a statement.
            None => Some(Activity::Waits),
            Some(session) => Some(overview.of(session.process()?).await),
        }
    }

    /// Its connection broke: no other statement of the operation is to use it.
    pub fn broke(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }

    /// Whether another statement of the operation may use it, too.
    pub fn may_be_shared(&self) -> bool {
        !self.is_broken.load(Ordering::Relaxed) && self.watch.elapsed() < SHARED
    }

    /// Whether it is a reserved connection, which nobody may use for long.
    pub fn is_reserved(&self) -> bool {
        self.permit.as_ref().is_some_and(Permit::is_reserved)
    }

    /// A statement begins. Its time counts from now, or from when those before it have ended.
    pub fn begin_statement(&self) {
        if self.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.take_time();
        }
    }

    pub fn end_statement(&self) {
        self.running.fetch_sub(1, Ordering::AcqRel);
    }

    /// How long statements have run since this was asked for last.
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

    /// Whether something was left in the middle of it, beside a transaction.
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

impl Drop for Lease {
    /// A connection on which something may still run is given to nobody before that has ended.
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        if self.uses.load(Ordering::Relaxed) == 0 {
            return;
        }
        // Where the runtime ends, everything does.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let connection = self.connection.clone();
            runtime.spawn(async move {
                connection.recover().await;
                drop(permit);
            });
        }
    }
}
