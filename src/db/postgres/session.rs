use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, TryStreamExt};
use sea_orm::metric::Info;
use sea_orm::{DatabaseBackend, DbErr, RuntimeErr, SqlxError, Statement, Value};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, RowStream, SimpleQueryMessage};

use super::address::{DIRECT, Server};
use super::cache::Cache;
use super::error::{connecting, driver, query};
use super::parameter::Parameter;
use crate::db::stopwatch::Stopwatch;

/// How long to wait for a statement to be cancelled.
const CANCEL: Duration = Duration::from_secs(1);
/// How long a connection has to answer that is asked whether it still does.
const ANSWER: Duration = Duration::from_secs(2);

/// What is called back with every statement.
#[derive(Clone)]
pub struct Observer(pub Arc<dyn Fn(&Info<'_>) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// An open connection. Answers come in the order of what was asked, and are told to whoever still waits: a statement
/// whose future is dropped runs on, and others wait behind it until [`Self::recover`] ends it.
pub struct Session {
    server: Server,
    client: Client,
    statements: Cache,
    /// The process of the server that serves it; unknown where a pooler hides it.
    process: Option<i32>,
    watch: Stopwatch,
    /// When it was taken last, by `watch`.
    taken: AtomicU64,
    /// How many statements were begun, and are not known to have ended.
    running: AtomicU32,
    observer: Option<Observer>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("server", &self.server).field("process", &self.process).finish_non_exhaustive()
    }
}

impl Session {
    /// Opens a connection; the task is that which speaks on it, until the session is dropped or the server ends it.
    ///
    /// # Errors
    /// When the server cannot be reached, is not who it should be, or refuses us.
    pub async fn open(server: &Server, observer: Option<Observer>) -> Result<(Self, JoinHandle<()>), SqlxError> {
        let (client, connection) = server.connect().await?;
        let task = tokio::spawn(async move {
            // Whoever uses the connection next is told that it is closed.
            if let Err(error) = connection.await {
                tracing::debug!(cause = %connecting(error), "a connection has ended");
            }
        });
        let mut session = Self {
            server: server.clone(),
            client,
            statements: Cache::default(),
            process: None,
            watch: Stopwatch::start(),
            taken: AtomicU64::new(0),
            running: AtomicU32::new(0),
            observer,
        };
        session.process = session.meet().await.map_err(connecting)?;
        Ok((session, task))
    }

    async fn meet(&self) -> Result<Option<i32>, tokio_postgres::Error> {
        let sql = format!("SELECT pg_backend_pid(), coalesce(current_setting('{DIRECT}', true) = 'on', false)");
        let mut messages = pin!(self.client.simple_query_raw(&sql).await?);
        let mut process = None;
        while let Some(message) = messages.try_next().await? {
            if let SimpleQueryMessage::Row(row) = message {
                process = row.get(0).filter(|_| row.get(1) == Some("t")).and_then(|process| process.parse().ok());
            }
        }
        Ok(process)
    }

    /// The process that serves it, where that is known.
    pub fn process(&self) -> Option<i32> {
        self.process
    }

    pub fn age(&self) -> Duration {
        self.watch.elapsed()
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Somebody takes it; for how long nobody did before.
    pub fn take(&self) -> Duration {
        let now = self.watch.now();
        Duration::from_millis(now.saturating_sub(self.taken.swap(now, Ordering::Relaxed)))
    }

    /// Whether it still answers.
    pub async fn answers(&self) -> bool {
        matches!(timeout(ANSWER, self.client.check_connection()).await, Ok(Ok(())))
    }

    /// # Errors
    /// When it does not answer; it is not waited for in vain.
    pub async fn ping(&self) -> Result<(), SqlxError> {
        self.client.check_connection().await.map_err(driver)
    }

    /// Has the server end the statement that runs, where there is one.
    pub async fn cancel(&self) {
        if self.running.load(Ordering::Relaxed) == 0 {
            return;
        }
        let failed = match timeout(CANCEL, self.server.cancel(&self.client.cancel_token())).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        tracing::warn!(cause = failed, "a statement could not be cancelled; it runs until its time is over");
    }

    /// Ends what was left in the middle: a statement that nobody waits for, and the transaction that it was in. Whether
    /// the connection can be used again.
    pub async fn recover(&self) -> bool {
        self.cancel().await;
        let rolled_back = matches!(timeout(ANSWER, self.client.batch_execute("ROLLBACK")).await, Ok(Ok(())));
        if rolled_back {
            self.running.store(0, Ordering::Relaxed);
        }
        rolled_back
    }

    /// The rows of a statement, as they come.
    ///
    /// # Errors
    /// When the server refuses it, or the connection breaks.
    pub async fn rows<'s>(&'s self, statement: &'s Statement) -> Result<Rows<'s>, DbErr> {
        let start = Instant::now();
        self.begin();
        let stream = async {
            let values = values(statement);
            let prepared = self.statements.prepare(&self.client, &statement.sql, values).await?;
            self.client.query_raw(&prepared, parameters(values)).await
        };
        let stream = stream.await;
        self.observe(statement, start, stream.is_err());
        match stream {
            Ok(stream) => Ok(Rows { session: self, sql: &statement.sql, stream: Box::pin(stream), has_ended: false }),
            Err(error) => Err(query(self.failed(&statement.sql, error))),
        }
    }

    /// Runs a statement, and gives how many rows it changed.
    ///
    /// # Errors
    /// As of [`Self::rows`].
    pub async fn execute(&self, statement: &Statement) -> Result<u64, DbErr> {
        let start = Instant::now();
        self.begin();
        let executed = async {
            let values = values(statement);
            let prepared = self.statements.prepare(&self.client, &statement.sql, values).await?;
            self.client.execute_raw(&prepared, parameters(values)).await
        };
        let executed = executed.await;
        self.observe(statement, start, executed.is_err());
        match executed {
            Ok(count) => {
                self.end();
                Ok(count)
            }
            Err(error) => Err(exec(self.failed(&statement.sql, error))),
        }
    }

    /// Runs statements without values, one after the other, and gives how many rows they changed.
    ///
    /// # Errors
    /// As of [`Self::rows`].
    pub async fn execute_unprepared(&self, sql: &str) -> Result<u64, DbErr> {
        let start = Instant::now();
        self.begin();
        let executed = async {
            let mut messages = pin!(self.client.simple_query_raw(sql).await?);
            let mut count = 0;
            while let Some(message) = messages.try_next().await? {
                if let SimpleQueryMessage::CommandComplete(changed) = message {
                    count += changed;
                }
            }
            Ok(count)
        };
        let executed = executed.await;
        self.end();
        if self.observer.is_some() {
            self.observe(&Statement::from_string(DatabaseBackend::Postgres, sql), start, executed.is_err());
        }
        executed.map_err(exec)
    }

    /// Runs a statement that begins or ends a transaction.
    ///
    /// # Errors
    /// As of [`Self::rows`].
    pub async fn control(&self, sql: &str) -> Result<(), DbErr> {
        self.begin();
        // Boxed: the futures of changes hold this one.
        let done = Box::pin(self.client.batch_execute(sql)).await;
        self.end();
        done.map_err(query)
    }

    /// Sends a statement of which nobody waits for the end; others that are sent later run after it.
    pub fn send(&self, sql: &str) {
        // It is sent when it is waited for first.
        let _ = pin!(self.client.batch_execute(sql)).now_or_never();
    }

    fn begin(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    fn end(&self) {
        let _ = self.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
    }

    /// A statement has ended with an error.
    fn failed(&self, sql: &str, error: tokio_postgres::Error) -> tokio_postgres::Error {
        self.end();
        // Its tables have changed since it was prepared, or the server has forgotten it.
        let stale = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME];
        if error.code().is_some_and(|code| stale.contains(code)) {
            self.statements.forget(sql);
        }
        error
    }

    fn observe(&self, statement: &Statement, start: Instant, failed: bool) {
        if let Some(Observer(observer)) = &self.observer {
            observer(&Info { elapsed: start.elapsed(), statement, failed });
        }
    }
}

fn values(statement: &Statement) -> &[Value] {
    statement.values.as_ref().map_or(&[], |values| &values.0)
}

/// As a list: an iterator would make futures of which it is not seen that they can be sent to another thread.
fn parameters(values: &[Value]) -> Vec<Parameter<'_>> {
    values.iter().map(Parameter).collect()
}

fn exec(error: tokio_postgres::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(driver(error))))
}

/// The rows of a statement, one by one.
pub struct Rows<'s> {
    session: &'s Session,
    sql: &'s str,
    stream: Pin<Box<RowStream>>,
    /// Nothing comes any more: the driver would take another question for one on a connection that is closed.
    has_ended: bool,
}

impl Rows<'_> {
    /// The next row; `None` after the last one.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn next(&mut self) -> Result<Option<tokio_postgres::Row>, DbErr> {
        if self.has_ended {
            return Ok(None);
        }
        match self.stream.try_next().await {
            Ok(Some(row)) => return Ok(Some(row)),
            Ok(None) => self.session.end(),
            Err(error) => {
                self.has_ended = true;
                return Err(query(self.session.failed(self.sql, error)));
            }
        }
        self.has_ended = true;
        Ok(None)
    }
}
