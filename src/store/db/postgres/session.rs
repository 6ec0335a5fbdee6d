use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use futures_util::{FutureExt, TryStreamExt};
use sea_orm::metric::Info;
use sea_orm::{DatabaseBackend, DbErr, RuntimeErr, SqlxError, Statement, Value};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, RowStream, SimpleQueryMessage, Statement as Prepared};

use super::address::{DIRECT, Server};
use super::cache::Cache;
use super::error::{connecting, driver, query};
use super::parameter::Parameter;
use crate::store::db::stopwatch::Stopwatch;

/// How long to wait for a cancellation.
const CANCEL: Duration = Duration::from_secs(1);
/// How long a connection has to answer when it is checked.
const ANSWER: Duration = Duration::from_secs(2);

/// A callback for every statement.
#[derive(Clone)]
pub struct Observer(pub Arc<dyn Fn(&Info<'_>) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// An open connection. Requests are pipelined and answered in order. A statement whose future is dropped runs on, and
/// later ones wait behind it until [`Self::recover`] cancels it.
pub struct Session {
    server: Server,
    client: Client,
    statements: Cache,
    /// The server process of this connection; unknown if a pooler hides it.
    process: Option<i32>,
    watch: Stopwatch,
    /// When it was last taken, by `watch`.
    taken: AtomicU64,
    /// How many statements have begun and are not known to have ended.
    running: AtomicU32,
    observer: Option<Observer>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("server", &self.server).field("process", &self.process).finish_non_exhaustive()
    }
}

impl Session {
    /// Opens a connection. The task drives it until the session is dropped or the server closes it.
    ///
    /// # Errors
    /// If the server cannot be reached, is not the expected one, or refuses the connection.
    pub async fn open(server: &Server, observer: Option<Observer>) -> Result<(Self, JoinHandle<()>), SqlxError> {
        let (client, connection) = server.connect().await?;
        let task = tokio::spawn(async move {
            // The next use of the session gets an error.
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

    /// The server process of this connection, if known.
    pub fn process(&self) -> Option<i32> {
        self.process
    }

    pub fn age(&self) -> Duration {
        self.watch.elapsed()
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Takes the session, and returns for how long it was idle.
    pub fn take(&self) -> Duration {
        let now = self.watch.now();
        Duration::from_millis(now.saturating_sub(self.taken.swap(now, Ordering::Relaxed)))
    }

    /// Whether the server still answers.
    pub async fn answers(&self) -> bool {
        matches!(timeout(ANSWER, self.client.check_connection()).await, Ok(Ok(())))
    }

    /// Checks that the server answers.
    ///
    /// # Errors
    /// If it does not. There is no timeout here.
    pub async fn ping(&self) -> Result<(), SqlxError> {
        self.client.check_connection().await.map_err(driver)
    }

    /// Cancels the running statement, if there is one.
    pub async fn cancel(&self) {
        if self.running.load(Ordering::Relaxed) == 0 {
            return;
        }
        let failed = match timeout(CANCEL, self.server.cancel(&self.client.cancel_token())).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        tracing::warn!(cause = failed, "cannot cancel a statement; it runs until its timeout");
    }

    /// Cancels a statement that was left running, and rolls back its transaction. Returns whether the connection can be
    /// used again.
    pub async fn recover(&self) -> bool {
        self.cancel().await;
        let rolled_back = matches!(timeout(ANSWER, self.client.batch_execute("ROLLBACK")).await, Ok(Ok(())));
        if rolled_back {
            self.running.store(0, Ordering::Relaxed);
        }
        rolled_back
    }

    /// Returns the rows of a statement as a stream.
    ///
    /// # Errors
    /// If the server refuses the statement, or the connection breaks.
    pub async fn rows<'s>(&'s self, statement: &'s Statement) -> Result<Rows<'s>, DbErr> {
        self.rows_of(statement, None).await
    }

    /// The prepared form of a statement: the given one, or that of this connection.
    async fn prepared(
        &self,
        statement: &Statement,
        given: Option<Prepared>,
    ) -> Result<Prepared, tokio_postgres::Error> {
        match given {
            Some(prepared) => Ok(prepared),
            None => self.statements.prepare(&self.client, &statement.sql, values(statement)).await,
        }
    }

    /// As [`Self::rows`]; prepares the statement if it was not given `prepared`.
    pub(super) async fn rows_of<'s>(
        &'s self,
        statement: &'s Statement,
        prepared: Option<Prepared>,
    ) -> Result<Rows<'s>, DbErr> {
        let start = Instant::now();
        self.begin();
        let stream = async {
            let prepared = self.prepared(statement, prepared).await?;
            self.client.query_raw(&prepared, parameters(values(statement))).await
        };
        let stream = stream.await;
        self.observe(statement, start, stream.is_err());
        match stream {
            Ok(stream) => Ok(Rows { session: self, sql: &statement.sql, stream: Box::pin(stream), has_ended: false }),
            Err(error) => Err(query(self.failed(&statement.sql, error))),
        }
    }

    /// Runs a statement, and returns how many rows it affected.
    ///
    /// # Errors
    /// As for [`Self::rows`].
    pub async fn execute(&self, statement: &Statement) -> Result<u64, DbErr> {
        self.execute_of(statement, None).await
    }

    /// As [`Self::execute`]; prepares the statement if it was not given `prepared`.
    pub(super) async fn execute_of(&self, statement: &Statement, prepared: Option<Prepared>) -> Result<u64, DbErr> {
        let start = Instant::now();
        self.begin();
        let executed = async {
            let prepared = self.prepared(statement, prepared).await?;
            self.client.execute_raw(&prepared, parameters(values(statement))).await
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

    /// Runs one or several statements without values, and returns how many rows they affected.
    ///
    /// # Errors
    /// As for [`Self::rows`].
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
    /// As for [`Self::rows`].
    pub async fn control(&self, sql: &str) -> Result<(), DbErr> {
        self.begin();
        // Boxed, since the futures of mutations contain this one.
        let done = Box::pin(self.client.batch_execute(sql)).await;
        self.end();
        done.map_err(query)
    }

    /// Sends a statement without waiting for its end; later statements run after it.
    pub fn send(&self, sql: &str) {
        // The first poll sends it.
        let _ = pin!(self.client.batch_execute(sql)).now_or_never();
    }

    /// Prepares statements, so that they can be sent one behind the other; those that are known need no round trip.
    pub(super) async fn prepare(&self, statements: &[Statement]) -> Result<Vec<Prepared>, DbErr> {
        self.begin();
        let preparing = statements.iter().map(|one| self.statements.prepare(&self.client, &one.sql, values(one)));
        let prepared = try_join_all(preparing).await;
        self.end();
        prepared.map_err(query)
    }

    fn begin(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    fn end(&self) {
        let _ = self.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
    }

    /// Counts a statement that ended with an error.
    fn failed(&self, sql: &str, error: tokio_postgres::Error) -> tokio_postgres::Error {
        self.end();
        // The tables have changed since it was prepared, or the server no longer knows it.
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

/// As a list: with an iterator, the compiler cannot prove that the futures are `Send`.
fn parameters(values: &[Value]) -> Vec<Parameter<'_>> {
    values.iter().map(Parameter).collect()
}

fn exec(error: tokio_postgres::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(driver(error))))
}

/// The rows of a statement, as a stream.
pub struct Rows<'s> {
    session: &'s Session,
    sql: &'s str,
    stream: Pin<Box<RowStream>>,
    /// Polling the driver's stream again would look like a closed connection.
    has_ended: bool,
}

impl Rows<'_> {
    /// Returns the next row; `None` after the last one.
    ///
    /// # Errors
    /// If the statement fails.
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
