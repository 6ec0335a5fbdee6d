use std::fmt;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sea_orm::metric::Info;
use sea_orm::sqlx::{Connection as _, Executor as _, PgConnection, query_as};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr, SqlxError, Statement,
};
use tokio::time::timeout;

use crate::db::limit::TimeLimit;

const UNOPENED: i32 = 0;
const POOLED: i32 = -1;

/// How long to wait for a statement to be cancelled, or for what is told about it.
const CANCEL: Duration = Duration::from_secs(1);
/// How long a connection that was left in the middle of a statement has to answer again, once that is cancelled.
const ANSWER: Duration = Duration::from_secs(2);

/// A setting that every connection to `PostgreSQL` is opened with, to be `on`.
pub const DIRECT: &str = "notegraph.direct";

/// A connection to the database: a pool of one, so that it is known which of them a statement runs on.
#[derive(Clone, Debug)]
pub struct Connection {
    door: Arc<RwLock<DatabaseConnection>>,
    control: Control,
    observer: Option<Observer>,
}

/// What is called back with every statement.
#[derive(Clone)]
struct Observer(Arc<dyn Fn(&Info<'_>) + Send + Sync>);

/// How the statement that runs on a connection is ended.
#[derive(Clone, Debug)]
pub enum Control {
    /// `SQLite` asks from time to time whether to go on.
    Sqlite(TimeLimit),
    /// `PostgreSQL` is told so on another connection.
    Postgres(Backend, Maker),
}

/// The process of `PostgreSQL` that serves a connection.
#[derive(Clone, Debug)]
pub struct Backend {
    state: Arc<BackendState>,
    canceller: Canceller,
}

/// Makes the pool of one connection to `PostgreSQL`.
#[derive(Clone)]
pub struct Maker(pub Arc<dyn Fn(Backend) -> ConnectOptions + Send + Sync>);

#[derive(Debug, Default)]
struct BackendState {
    /// [`UNOPENED`] before the connection is opened, [`POOLED`] where a pooler hides it.
    pid: AtomicI32,
    /// How many statements were begun on the connection, and are not known to have ended.
    busy: AtomicU32,
}

/// Asks about statements of other connections to `PostgreSQL`, and cancels them, by a connection of its own.
#[derive(Clone)]
pub struct Canceller(DatabaseConnection);

/// What a connection does while an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It works on the statement.
    Works,
    /// It waits for a lock that somebody else holds, or nobody could tell what it does.
    Waits,
    /// It knows nothing of a statement: what was sent, or what came back, is lost.
    Idles,
}

impl Connection {
    pub fn sqlite(door: DatabaseConnection, limit: TimeLimit) -> Self {
        let mut connection = Self::new(door, Control::Sqlite(limit));
        connection.observe(|_| ());
        connection
    }

    /// # Errors
    /// Where the options are wrong: it is not opened yet.
    pub async fn postgres(backend: Backend, maker: Maker) -> Result<Self, DbErr> {
        let door = Database::connect((maker.0)(backend.clone())).await?;
        Ok(Self::new(door, Control::Postgres(backend, maker)))
    }

    fn new(door: DatabaseConnection, control: Control) -> Self {
        Self { door: Arc::new(RwLock::new(door)), control, observer: None }
    }

    /// The pool of one connection.
    pub fn door(&self) -> DatabaseConnection {
        self.door.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Leaves the connection behind where it did not come back in time: the driver asks each one that it is given back
    /// whether it still answers, and waits for that without end.
    pub async fn replace(&self) {
        let Control::Postgres(backend, maker) = &self.control else { return };
        let Ok(mut door) = Database::connect((maker.0)(backend.clone())).await else { return };
        if let Some(Observer(observer)) = self.observer.clone() {
            door.set_metric_callback(move |info| observer(info));
        }
        *self.door.write().unwrap_or_else(PoisonError::into_inner) = door;
    }

    /// Calls back with every statement.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&Info<'_>) + Send + Sync + 'static,
    {
        let observer = match self.limit().cloned() {
            Some(limit) => Observer(Arc::new(move |info: &Info<'_>| {
                limit.next();
                callback(info);
            })),
            None => Observer(Arc::new(callback)),
        };
        let mut door = self.door();
        self.observer = Some(observer.clone());
        door.set_metric_callback(move |info| (observer.0)(info));
        self.door = Arc::new(RwLock::new(door));
    }

    /// The time limit of its statements, where `SQLite` keeps it.
    pub fn limit(&self) -> Option<&TimeLimit> {
        match &self.control {
            Control::Sqlite(limit) => Some(limit),
            Control::Postgres(..) => None,
        }
    }

    pub fn begin_statement(&self) {
        if let Control::Postgres(backend, _) = &self.control {
            backend.state.busy.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn end_statement(&self) {
        if let Control::Postgres(backend, _) = &self.control {
            backend.state.busy.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Ends the statement that runs on the connection, where there is one.
    pub async fn cancel(&self) {
        match &self.control {
            Control::Sqlite(limit) => limit.expire(),
            Control::Postgres(backend, _) => {
                let pid = backend.state.pid.load(Ordering::Relaxed);
                if pid > 0 {
                    backend.canceller.cancel(pid).await;
                }
            }
        }
    }

    /// What it does, as far as another connection can tell; `None` where nobody can be asked.
    pub async fn activity(&self) -> Option<Activity> {
        match &self.control {
            Control::Sqlite(_) => None,
            Control::Postgres(backend, _) => {
                match backend.state.pid.load(Ordering::Relaxed) {
                    POOLED => None,
                    // To open a connection is no work on a statement.
                    UNOPENED => Some(Activity::Waits),
                    pid => Some(backend.canceller.activity(pid).await),
                }
            }
        }
    }

    /// Waits until the connection is free again, after the future of a statement was dropped.
    pub async fn recover(&self) {
        self.cancel().await;
        // It acquires the one connection that there is: when it was given back, or a new one.
        if let Err(error) = self.door().ping().await {
            tracing::debug!(cause = %error, "a connection does not come back");
            self.replace().await;
        }
        if let Control::Postgres(backend, _) = &self.control {
            backend.state.busy.store(0, Ordering::Relaxed);
        }
    }
}

impl Backend {
    pub fn new(canceller: Canceller) -> Self {
        Self { state: Arc::default(), canceller }
    }

    /// Remembers the process that serves a new connection. Where the setting [`DIRECT`] has not arrived, a pooler stands
    /// between us and `PostgreSQL`, which has another process serve each transaction: nothing is cancelled then, as that
    /// could be the statement of somebody else.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn meet(self, connection: &mut PgConnection) -> Result<(), SqlxError> {
        let meet = "SELECT pg_backend_pid(), current_setting($1, true) = 'on'";
        let (pid, is_direct): (i32, Option<bool>) = query_as(meet).bind(DIRECT).fetch_one(connection).await?;
        let pid = if is_direct == Some(true) { pid } else { POOLED };
        self.state.pid.store(pid, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a connection that is given back can be used again. The driver waits for the end of what runs on it: one
    /// that does not answer soon is not waited for. It may be in a transaction whose begin was not waited for, either.
    pub async fn can_be_used(self, connection: &mut PgConnection) -> bool {
        if self.state.busy.load(Ordering::Relaxed) == 0 {
            return true;
        }
        let rolled_back = connection.execute("ROLLBACK");
        matches!(timeout(ANSWER, rolled_back).await, Ok(Ok(_)))
    }
}

/// Whether a connection that is given back, and on which nothing was left, still answers.
pub async fn answers(connection: &mut PgConnection) -> bool {
    matches!(timeout(ANSWER, connection.ping()).await, Ok(Ok(())))
}

impl Canceller {
    pub fn new(door: DatabaseConnection) -> Self {
        Self(door)
    }

    async fn cancel(&self, pid: i32) {
        let sql = "SELECT pg_cancel_backend($1)";
        let cancel = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, [pid.into()]);
        let failed = match timeout(CANCEL, self.0.query_one_raw(cancel)).await {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        tracing::warn!(cause = failed, "a statement could not be cancelled; it runs until its time is over");
    }

    async fn activity(&self, pid: i32) -> Activity {
        // One that is idle for a moment has just sent what it found.
        let sql = "SELECT coalesce(wait_event_type, '') = 'Lock', \
                   state = 'active' OR state_change > clock_timestamp() - interval '1 second' \
                   FROM pg_stat_activity WHERE pid = $1";
        let ask = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, [pid.into()]);
        match timeout(CANCEL, self.0.query_one_raw(ask)).await {
            Ok(Ok(Some(row))) => {
                let says = |place: usize| row.try_get_by_index::<Option<bool>>(place).ok().flatten().unwrap_or(true);
                match (says(0), says(1)) {
                    (true, _) => Activity::Waits,
                    (false, true) => Activity::Works,
                    (false, false) => Activity::Idles,
                }
            }
            Ok(Ok(None)) => Activity::Idles,
            // Whoever cannot be asked is no reason to stop anybody.
            Ok(Err(_)) | Err(_) => Activity::Waits,
        }
    }

    /// # Errors
    /// When the driver reports one.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.0.close_by_ref().await
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

impl fmt::Debug for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Maker")
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canceller")
    }
}
