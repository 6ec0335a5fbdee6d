use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use sea_orm::prelude::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement,
    TransactionOptions, TransactionTrait,
};

use super::commits::Commits;
use super::door::Door;
use super::fault::Fault;
use super::limit::TimeLimit;
use super::pool::Lease;
use super::row::{Queries, Row};
use super::scope::Scope;
use super::work::{Ended, run};
use crate::fair::{Hurry, hurry};

/// A transaction and the connection it holds. Dropping it rolls it back.
#[derive(Debug)]
pub struct Transaction {
    /// Absent once it has ended. Declared before the connection, which is released after it.
    open: Option<Door>,
    hold: Arc<Hold>,
    /// Set if its commit has to wait for the disk separately, as on `SQLite`.
    commits: Option<Commits>,
    /// Whether its commit is part of what the operation changes.
    is_change: bool,
    /// Number of its savepoint on `PostgreSQL`; 0 for the outermost transaction.
    savepoint: u32,
}

/// The connection of a transaction and of those nested in it.
#[derive(Debug)]
struct Hold {
    lease: Lease,
    scope: Arc<Scope>,
    /// Whether the operation's reads use the same pool, so that the scope counts this transaction.
    is_counted: bool,
    /// How many nested transactions were begun.
    savepoints: AtomicU32,
    /// Exempts the operation from CPU scheduling, since others wait for its locks.
    #[expect(dead_code, reason = "it ends with the transaction")]
    hurry: Option<Hurry>,
}

/// Begins a transaction on a connection.
///
/// # Errors
/// If the database does not answer, or refuses.
pub(super) async fn begin(door: Door, options: TransactionOptions) -> Result<Door, DbErr> {
    match door {
        Door::Sqlite(door) => Ok(Door::SqliteTransaction(door.begin_with_options(options).await?)),
        Door::SqliteTransaction(door) => Ok(Door::SqliteTransaction(door.begin_with_options(options).await?)),
        Door::Postgres(session) => {
            let isolation = match options.isolation_level {
                Some(IsolationLevel::RepeatableRead) => " ISOLATION LEVEL REPEATABLE READ",
                Some(IsolationLevel::Serializable) => " ISOLATION LEVEL SERIALIZABLE",
                // The default level.
                _ => "",
            };
            let access = if options.access_mode == Some(AccessMode::ReadOnly) { " READ ONLY" } else { "" };
            session.control(&format!("BEGIN{isolation}{access}")).await?;
            Ok(Door::Postgres(session))
        }
    }
}

impl Transaction {
    /// `open` was begun on the connection of `lease`.
    pub(super) fn new(open: Door, lease: Lease, scope: Arc<Scope>, is_counted: bool) -> Self {
        if is_counted {
            scope.transactions.fetch_add(1, Ordering::Relaxed);
        }
        let hold = Hold { lease, scope, is_counted, savepoints: AtomicU32::new(0), hurry: hurry() };
        Self { open: Some(open), hold: Arc::new(hold), commits: None, is_change: true, savepoint: 0 }
    }

    /// Makes its commit wait for the disk.
    pub(super) fn with_commits(mut self, commits: Option<Commits>) -> Self {
        self.commits = commits;
        self
    }

    /// Excludes this transaction from the operation's changes: after its commit the operation can still be sent again.
    #[must_use]
    pub fn of_no_change(mut self) -> Self {
        self.is_change = false;
        self
    }

    /// Begins a nested transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn begin(&self) -> Result<Self, DbErr> {
        let savepoint = self.hold.savepoints.fetch_add(1, Ordering::Relaxed) + 1;
        let open = match self.door() {
            Door::Sqlite(door) => Door::SqliteTransaction(door.begin().await?),
            Door::SqliteTransaction(door) => Door::SqliteTransaction(door.begin().await?),
            Door::Postgres(session) => {
                session.control(&format!("SAVEPOINT s{savepoint}")).await?;
                Door::Postgres(Arc::clone(session))
            }
        };
        Ok(Self { open: Some(open), hold: Arc::clone(&self.hold), commits: None, is_change: true, savepoint })
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// If the database refuses; then nothing was changed, unless the connection broke on the way, or the disk failed
    /// afterwards. In the latter case the changes are visible and may be lost.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let is_remote = matches!(self.open, Some(Door::Postgres(_)));
        let result = match self.open.take() {
            None | Some(Door::Sqlite(_)) => return Ok(()),
            Some(Door::SqliteTransaction(open)) => open.commit().await,
            Some(Door::Postgres(session)) if self.savepoint == 0 => session.control("COMMIT").await,
            Some(Door::Postgres(session)) => session.control(&format!("RELEASE SAVEPOINT s{}", self.savepoint)).await,
        };
        self.ended();
        if self.savepoint == 0 && self.is_change {
            match &result {
                Ok(()) => self.hold.scope.changed(),
                // The connection to PostgreSQL broke on the way, so the commit may have arrived. Other errors are
                // refusals.
                Err(error) if is_remote && Fault::of(error) == Some(Fault::Connection) => {
                    self.hold.scope.perhaps_changed();
                }
                Err(_) => {}
            }
        }
        let commits = self.commits.take();
        // Release the connection, so that the next transaction may write while this one waits for the disk.
        drop(self);
        match commits {
            Some(commits) if result.is_ok() => commits.wait().await,
            _ => result,
        }
    }

    /// Rolls the transaction back.
    ///
    /// # Errors
    /// If the database does not answer; it rolls back all the same.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        let Some(open) = self.open.take() else { return Ok(()) };
        if self.hold.lease.is_left() {
            // A statement was cancelled, and its late answer would be taken for that to the rollback. The connection is
            // rolled back before its next use.
            return Ok(());
        }
        let result = match open {
            Door::Sqlite(_) => Ok(()),
            Door::SqliteTransaction(open) => open.rollback().await,
            Door::Postgres(session) => session.control(&self.undo()).await,
        };
        self.ended();
        result
    }

    /// The statement that rolls it back on `PostgreSQL`.
    fn undo(&self) -> String {
        if self.savepoint == 0 { "ROLLBACK".to_owned() } else { format!("ROLLBACK TO SAVEPOINT s{}", self.savepoint) }
    }

    /// The time limit of its statements, if the connection is to `SQLite`.
    pub(super) fn limit(&self) -> Option<&TimeLimit> {
        self.hold.lease.limit()
    }

    pub(super) fn door(&self) -> &Door {
        self.open.as_ref().unwrap_or_else(|| unreachable!("who ends a transaction takes it along"))
    }

    fn ended(&self) {
        if self.savepoint == 0 {
            self.hold.lease.end();
        }
    }

    async fn run<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        match run(&self.hold.scope, &self.hold.lease, None, work).await {
            Ended::Done(result) => result,
            Ended::TooLong => unreachable!("a statement of a transaction has no time of its own"),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // Nested ones only: the connection of the outermost one is rolled back before its next use, and SeaORM rolls
        // back those of SQLite.
        if let Some(Door::Postgres(session)) = self.open.take()
            && self.savepoint > 0
        {
            session.send(&self.undo());
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.is_counted {
            self.scope.transactions.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Queries for Transaction {
    fn rows_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbErr>> {
        Box::pin(self.run(self.door().rows(statement, &self.hold.scope)))
    }

    fn row_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Option<Row>, DbErr>> {
        Box::pin(self.run(self.door().row(statement, &self.hold.scope)))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DatabaseBackend {
        match self.door() {
            Door::Sqlite(_) | Door::SqliteTransaction(_) => DatabaseBackend::Sqlite,
            Door::Postgres(_) => DatabaseBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.door().execute(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.door().execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(Row::results(self.row_raw(statement).await?.into_iter().collect())?.pop())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Row::results(self.rows_raw(statement).await?)
    }
}
