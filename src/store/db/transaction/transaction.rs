use std::mem::take;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use sea_orm::prelude::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement,
    TransactionOptions, TransactionTrait,
};

use super::group_commit::GroupCommit;
use super::merged::merged;
use crate::scheduling::{PriorityGuard, prioritize};
use crate::store::db::fault::DbFault;
use crate::store::db::operation::{Ended, StatementContext, run};
use crate::store::db::pool::PooledConnection;
use crate::store::db::rows::{Row, RowQueries};
use crate::store::db::statement::{DbExecutor, StatementTimeout};

/// A transaction and the connection it holds. Dropping it rolls it back.
#[derive(Debug)]
pub struct Transaction {
    /// Absent once it has ended. Declared before the connection, which is released after it.
    pub(super) open: Option<DbExecutor>,
    pub(super) hold: Arc<Hold>,
    /// Set if its commit has to wait for the disk separately, as on `SQLite`.
    group_commit: Option<GroupCommit>,
    /// Whether its commit is part of what the operation changes.
    pub(super) is_change: bool,
    /// Number of its savepoint on `PostgreSQL`; 0 for the outermost transaction.
    pub(super) savepoint: u32,
}

/// The connection of a transaction and of those nested in it.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) connection: PooledConnection,
    pub(super) context: Arc<StatementContext>,
    /// Whether the operation's reads use the same pool, so that the scope counts this transaction.
    is_counted: bool,
    /// How many nested transactions were begun.
    savepoints: AtomicU32,
    /// Writes that wait for the commit, or for the next statement.
    pub(super) writes: Mutex<Vec<Statement>>,
    /// Exempts the operation from CPU scheduling, since others wait for its locks.
    #[expect(dead_code, reason = "it ends with the transaction")]
    priority: Option<PriorityGuard>,
}

/// Begins a transaction on a connection.
///
/// # Errors
/// If the database does not answer, or refuses.
pub(in crate::store::db) async fn begin(
    executor: DbExecutor,
    options: TransactionOptions,
) -> Result<DbExecutor, DbErr> {
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
    pub(in crate::store::db) fn new(
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
    pub(in crate::store::db) fn with_group_commit(mut self, group_commit: Option<GroupCommit>) -> Self {
        self.group_commit = group_commit;
        self
    }

    /// Excludes this transaction from the operation's changes: after its commit the operation can still be sent again.
    #[must_use]
    pub fn not_counted_as_change(mut self) -> Self {
        self.is_change = false;
        self
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
            let writes = merged(take(&mut *self.waiting()));
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
        if self.savepoint == 0 {
            match &result {
                Ok(()) => self.has_changed(),
                // The connection to PostgreSQL broke on the way, so the commit may have arrived. Other errors are
                // refusals.
                Err(error) if is_remote && DbFault::of(error) == Some(DbFault::Connection) => self.in_doubt(),
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
    pub(in crate::store::db) fn limit(&self) -> Option<&StatementTimeout> {
        self.hold.connection.limit()
    }

    pub(in crate::store::db) fn executor(&self) -> &DbExecutor {
        self.open.as_ref().unwrap_or_else(|| unreachable!("ending a transaction consumes it"))
    }

    pub(super) fn ended(&self) {
        if self.savepoint == 0 {
            self.hold.connection.end();
        }
    }

    /// Runs a statement behind the writes that wait.
    pub(super) async fn run<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.flush().await?;
        self.run_now(work).await
    }

    pub(super) async fn run_now<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        match run(&self.hold.context, &self.hold.connection, None, work).await {
            Ended::Done(result) => result,
            Ended::TooLong => unreachable!("statements of a transaction have no separate time"),
        }
    }
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
