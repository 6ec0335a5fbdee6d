use std::mem::take;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::prelude::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DbErr, ExecResult, IsolationLevel, QueryResult, RuntimeErr,
    SqlxError, Statement, TransactionOptions, TransactionTrait,
};

use super::executor::{DbExecutor, read_sent};
use super::fault::DbFault;
use super::group_commit::GroupCommit;
use super::pool::PooledConnection;
use super::postgres::{Session, changed};
use super::read_batch::{Answers, ReadBatch};
use super::row::{Row, RowQueries};
use super::run_statement::{Ended, run, run_to_end};
use super::statement_context::StatementContext;
use super::statement_timeout::StatementTimeout;
use crate::scheduling::{PriorityGuard, prioritize};

/// A transaction and the connection it holds. Dropping it rolls it back.
#[derive(Debug)]
pub struct Transaction {
    /// Absent once it has ended. Declared before the connection, which is released after it.
    open: Option<DbExecutor>,
    hold: Arc<Hold>,
    /// Set if its commit has to wait for the disk separately, as on `SQLite`.
    group_commit: Option<GroupCommit>,
    /// Whether its commit is part of what the operation changes.
    is_change: bool,
    /// Number of its savepoint on `PostgreSQL`; 0 for the outermost transaction.
    savepoint: u32,
}

/// The connection of a transaction and of those nested in it.
#[derive(Debug)]
struct Hold {
    connection: PooledConnection,
    context: Arc<StatementContext>,
    /// Whether the operation's reads use the same pool, so that the scope counts this transaction.
    is_counted: bool,
    /// How many nested transactions were begun.
    savepoints: AtomicU32,
    /// Writes that wait for the commit, or for the next statement.
    writes: Mutex<Vec<Statement>>,
    /// Exempts the operation from CPU scheduling, since others wait for its locks.
    #[expect(dead_code, reason = "it ends with the transaction")]
    priority: Option<PriorityGuard>,
}

/// Begins a transaction on a connection.
///
/// # Errors
/// If the database does not answer, or refuses.
pub(super) async fn begin(executor: DbExecutor, options: TransactionOptions) -> Result<DbExecutor, DbErr> {
    match executor {
        DbExecutor::Sqlite(connection) => {
            Ok(DbExecutor::SqliteTransaction(connection.begin_with_options(options).await?))
        }
        DbExecutor::SqliteTransaction(connection) => {
            Ok(DbExecutor::SqliteTransaction(connection.begin_with_options(options).await?))
        }
        DbExecutor::Postgres(session) => {
            let isolation = match options.isolation_level {
                Some(IsolationLevel::RepeatableRead) => " ISOLATION LEVEL REPEATABLE READ",
                Some(IsolationLevel::Serializable) => " ISOLATION LEVEL SERIALIZABLE",
                // The default level.
                _ => "",
            };
            let access = if options.access_mode == Some(AccessMode::ReadOnly) { " READ ONLY" } else { "" };
            session.control(&format!("BEGIN{isolation}{access}")).await?;
            Ok(DbExecutor::Postgres(session))
        }
    }
}

impl Transaction {
    /// `open` was begun on `connection`.
    pub(super) fn new(
        open: DbExecutor,
        connection: PooledConnection,
        context: Arc<StatementContext>,
        is_counted: bool,
    ) -> Self {
        if is_counted {
            context.transactions.fetch_add(1, Ordering::Relaxed);
        }
        let hold = Hold {
            connection,
            context,
            is_counted,
            savepoints: AtomicU32::new(0),
            writes: Mutex::default(),
            priority: prioritize(),
        };
        Self { open: Some(open), hold: Arc::new(hold), group_commit: None, is_change: true, savepoint: 0 }
    }

    /// Makes its commit wait for the disk.
    pub(super) fn with_group_commit(mut self, group_commit: Option<GroupCommit>) -> Self {
        self.group_commit = group_commit;
        self
    }

    /// Excludes this transaction from the operation's changes: after its commit the operation can still be sent again.
    #[must_use]
    pub fn not_counted_as_change(mut self) -> Self {
        self.is_change = false;
        self
    }

    /// Begins a transaction on `PostgreSQL`, and only there, on the connection that `self` was made with, and runs its first reads in
    /// the same round trip.
    ///
    /// # Errors
    /// If the server does not answer in time, or refuses. Then the connection may be inside the transaction, and is
    /// rolled back before its next use.
    pub(super) async fn begin_with(&self, reads: &[Statement], longest: Duration) -> Result<Vec<Vec<Row>>, DbErr> {
        let DbExecutor::Postgres(session) = self.executor() else { unreachable!("the others begin before they read") };
        let meter = &self.hold.context.meter;
        let work = async { read_sent(session.begin_with("BEGIN", reads, longest).await?, meter).await };
        let rows = self.run_now(work).await;
        self.count_more(reads.len());
        rows
    }

    /// Runs reads.
    ///
    /// # Errors
    /// If one of them fails, or the operation is stopped.
    pub async fn read(&self, reads: ReadBatch) -> Result<Answers, DbErr> {
        let statements = reads.into_statements();
        if statements.is_empty() {
            return Ok(Answers::new(Vec::new()));
        }
        // Boxed, since the futures of mutations contain this one.
        let rows = Box::pin(self.run(self.executor().rows_of_all(&statements, &self.hold.context.meter))).await;
        self.count_more(statements.len());
        Ok(Answers::new(rows?))
    }

    /// A batch for reads.
    pub fn reads(&self) -> ReadBatch {
        ReadBatch::new(self.get_database_backend())
    }

    /// Runs a statement with the commit, where that saves a round trip, or at once.
    ///
    /// # Errors
    /// If it runs at once and fails.
    pub(super) async fn execute_by_commit(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self.executor() {
            DbExecutor::Postgres(_) if self.savepoint == 0 => {
                self.waiting().push(statement);
                changed(0)
            }
            _ => self.execute_raw(statement).await,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Statement>> {
        self.hold.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the writes that wait for the commit, since a statement after them does not.
    async fn flush(&self) -> Result<(), DbErr> {
        let writes = take(&mut *self.waiting());
        if writes.is_empty() {
            return Ok(());
        }
        self.count_more(writes.len());
        self.run_now(self.executor().execute_all(writes)).await
    }

    /// Sends the writes that wait, and the commit with them.
    async fn commit_writes(&self, session: &Session, writes: &[Statement]) -> Result<(), DbErr> {
        let context = &self.hold.context;
        let is_sent = AtomicBool::new(false);
        let work = async {
            let committing = session.send_commit(writes).await?;
            is_sent.store(true, Ordering::Relaxed);
            let (refusal, commit) = committing.writes().await;
            Ok((refusal, commit.answer().await))
        };
        let written = run_to_end(context, &self.hold.connection, work).await;
        self.count_more(writes.len());
        // The operation's limits may have cancelled what failed.
        let stopped = |error: DbErr| context.meter.check().err().unwrap_or(error);
        let (refusal, result) = match written {
            Ok(written) => written,
            // The connection is rolled back before its next use, if the commit has not arrived.
            Err(error) if is_sent.into_inner() => {
                self.in_doubt();
                return Err(error);
            }
            Err(error) => return Err(stopped(error)),
        };
        self.ended();
        match (refusal, result) {
            // The server has told which write it refused, so the commit was none.
            (Some(error), _) if is_refusal(&error) => Err(stopped(error)),
            // The connection broke on the way.
            (Some(error), _) => {
                self.in_doubt();
                Err(error)
            }
            (None, Ok(())) => {
                self.has_changed();
                Ok(())
            }
            (None, Err(error)) if DbFault::of(&error) == Some(DbFault::Connection) => {
                self.in_doubt();
                Err(error)
            }
            (None, Err(error)) => Err(stopped(error)),
        }
    }

    fn has_changed(&self) {
        if self.is_change {
            self.hold.context.meter.changed();
        }
    }

    /// Counts a commit that may have arrived, although its answer has not.
    fn in_doubt(&self) {
        if self.is_change {
            self.hold.context.meter.count_uncertain_change();
        }
    }

    /// Counts all but one of so many statements that ran together: that one was counted.
    fn count_more(&self, statements: usize) {
        for _ in 1..statements {
            self.hold.context.meter.statement();
        }
    }

    /// Begins a nested transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn begin(&self) -> Result<Self, DbErr> {
        self.flush().await?;
        let savepoint = self.hold.savepoints.fetch_add(1, Ordering::Relaxed) + 1;
        let open = match self.executor() {
            DbExecutor::Sqlite(connection) => DbExecutor::SqliteTransaction(connection.begin().await?),
            DbExecutor::SqliteTransaction(connection) => DbExecutor::SqliteTransaction(connection.begin().await?),
            DbExecutor::Postgres(session) => {
                session.control(&format!("SAVEPOINT s{savepoint}")).await?;
                DbExecutor::Postgres(Arc::clone(session))
            }
        };
        Ok(Self { open: Some(open), hold: Arc::clone(&self.hold), group_commit: None, is_change: true, savepoint })
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// If the database refuses; then nothing was changed, unless the connection broke on the way, or the disk failed
    /// afterwards. In the latter case the changes are visible and may be lost.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        if self.savepoint > 0 {
            self.flush().await?;
        } else if let Some(DbExecutor::Postgres(session)) = &self.open {
            let writes = take(&mut *self.waiting());
            if !writes.is_empty() {
                let session = Arc::clone(session);
                // Boxed, since the futures of mutations contain this one.
                return Box::pin(self.commit_writes(&session, &writes)).await;
            }
        }
        let is_remote = matches!(self.open, Some(DbExecutor::Postgres(_)));
        let result = match self.open.take() {
            None | Some(DbExecutor::Sqlite(_)) => return Ok(()),
            Some(DbExecutor::SqliteTransaction(open)) => open.commit().await,
            Some(DbExecutor::Postgres(session)) if self.savepoint == 0 => session.control("COMMIT").await,
            Some(DbExecutor::Postgres(session)) => {
                session.control(&format!("RELEASE SAVEPOINT s{}", self.savepoint)).await
            }
        };
        self.ended();
        if self.savepoint == 0 && self.is_change {
            match &result {
                Ok(()) => self.hold.context.meter.changed(),
                // The connection to PostgreSQL broke on the way, so the commit may have arrived. Other errors are
                // refusals.
                Err(error) if is_remote && DbFault::of(error) == Some(DbFault::Connection) => {
                    self.hold.context.meter.count_uncertain_change();
                }
                Err(_) => {}
            }
        }
        let group_commit = self.group_commit.take();
        // Release the connection, so that the next transaction may write while this one waits for the disk.
        drop(self);
        match group_commit {
            Some(group_commit) if result.is_ok() => group_commit.wait_durable().await,
            _ => result,
        }
    }

    /// Commits the transaction if it has changed anything. Otherwise rolls it back, so that it does not count among the
    /// operation's changes.
    ///
    /// # Errors
    /// As for [`commit`](Self::commit) and [`rollback`](Self::rollback).
    pub async fn commit_if(self, has_changed: bool) -> Result<(), DbErr> {
        if has_changed { self.commit().await } else { self.rollback().await }
    }

    /// Rolls the transaction back.
    ///
    /// # Errors
    /// If the database does not answer; it rolls back all the same.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        if self.savepoint == 0 {
            self.waiting().clear();
        }
        let Some(open) = self.open.take() else { return Ok(()) };
        if self.hold.connection.is_left() {
            // A statement was cancelled, and its late answer would be taken for that to the rollback. The connection is
            // rolled back before its next use.
            return Ok(());
        }
        let result = match open {
            DbExecutor::Sqlite(_) => Ok(()),
            DbExecutor::SqliteTransaction(open) => open.rollback().await,
            DbExecutor::Postgres(session) => session.control(&self.undo()).await,
        };
        self.ended();
        result
    }

    /// The statement that rolls it back on `PostgreSQL`.
    fn undo(&self) -> String {
        if self.savepoint == 0 { "ROLLBACK".to_owned() } else { format!("ROLLBACK TO SAVEPOINT s{}", self.savepoint) }
    }

    /// The time limit of its statements, if the connection is to `SQLite`.
    pub(super) fn limit(&self) -> Option<&StatementTimeout> {
        self.hold.connection.limit()
    }

    pub(super) fn executor(&self) -> &DbExecutor {
        self.open.as_ref().unwrap_or_else(|| unreachable!("ending a transaction consumes it"))
    }

    fn ended(&self) {
        if self.savepoint == 0 {
            self.hold.connection.end();
        }
    }

    /// Runs a statement behind the writes that wait.
    async fn run<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.flush().await?;
        self.run_now(work).await
    }

    async fn run_now<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        match run(&self.hold.context, &self.hold.connection, None, work).await {
            Ended::Done(result) => result,
            Ended::TooLong => unreachable!("statements of a transaction have no separate time"),
        }
    }
}

/// Whether the server has answered with this error. A pooler answers with one of class 08 (`PostgreSQL`, appendix A) if it
/// has lost the server, which may have got the commit.
fn is_refusal(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    let SqlxError::Database(refused) = &**cause else { return false };
    !refused.code().is_some_and(|code| code.starts_with("08"))
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // Nested ones only: the connection of the outermost one is rolled back before its next use, and SeaORM rolls
        // back those of SQLite.
        if let Some(DbExecutor::Postgres(session)) = self.open.take()
            && self.savepoint > 0
        {
            session.send(&self.undo());
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.is_counted {
            self.context.transactions.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl RowQueries for Transaction {
    fn rows_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbErr>> {
        Box::pin(self.run(self.executor().rows(statement, &self.hold.context.meter)))
    }

    fn row_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Option<Row>, DbErr>> {
        Box::pin(self.run(self.executor().row(statement, &self.hold.context.meter)))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DatabaseBackend {
        match self.executor() {
            DbExecutor::Sqlite(_) | DbExecutor::SqliteTransaction(_) => DatabaseBackend::Sqlite,
            DbExecutor::Postgres(_) => DatabaseBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.executor().execute(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.executor().execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(Row::results(self.row_raw(statement).await?.into_iter().collect())?.pop())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Row::results(self.rows_raw(statement).await?)
    }
}
