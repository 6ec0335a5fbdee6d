use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sea_orm::prelude::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, ExecResult, QueryResult, Statement, TransactionTrait,
};

use super::limit::TimeLimit;
use super::pool::Lease;
use super::scope::Scope;
use super::work::{Ended, row, rows, run};

/// A transaction, on a connection that is taken for as long as it is open. It is rolled back where it is dropped.
#[derive(Debug)]
pub struct Transaction {
    /// Absent where it has ended. Before the connection, which is given back after it.
    open: Option<DatabaseTransaction>,
    hold: Arc<Hold>,
    /// It is in no other transaction.
    is_outermost: bool,
}

/// The connection of a transaction and of those in it.
#[derive(Debug)]
struct Hold {
    lease: Lease,
    scope: Arc<Scope>,
    /// Reads of the operation take connections from where this one is from.
    is_counted: bool,
}

impl Transaction {
    /// `open` was begun on the connection of `lease`.
    pub(super) fn new(open: DatabaseTransaction, lease: Lease, scope: Arc<Scope>, is_counted: bool) -> Self {
        if is_counted {
            scope.transactions.fetch_add(1, Ordering::Relaxed);
        }
        Self { open: Some(open), hold: Arc::new(Hold { lease, scope, is_counted }), is_outermost: true }
    }

    /// Opens a transaction in this one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self) -> Result<Self, DbErr> {
        let open = TransactionTrait::begin(&**self).await?;
        Ok(Self { open: Some(open), hold: Arc::clone(&self.hold), is_outermost: false })
    }

    /// Keeps what was done in it.
    ///
    /// # Errors
    /// When the database does not; then nothing was done, unless the connection broke on the way.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let result = open.commit().await;
        self.ended();
        result
    }

    /// Takes back what was done in it.
    ///
    /// # Errors
    /// When the database does not answer; it takes it back all the same.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        let Some(open) = self.open.take() else { return Ok(()) };
        if self.hold.lease.is_left() {
            // A statement was stopped: what it still answers would be taken for the answer to the rollback. The
            // connection is rolled back before anybody is given it.
            return Ok(());
        }
        let result = open.rollback().await;
        self.ended();
        result
    }

    /// The time limit of its statements, where `SQLite` keeps it.
    pub(super) fn limit(&self) -> Option<&TimeLimit> {
        self.hold.lease.connection().limit()
    }

    fn ended(&self) {
        if self.is_outermost {
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

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        self.open.as_ref().unwrap_or_else(|| unreachable!("who ends a transaction takes it along"))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.is_counted {
            self.scope.transactions.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DatabaseBackend {
        (**self).get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run((**self).execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run((**self).execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(row(&**self, statement, &self.hold.scope)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(rows(&**self, statement, &self.hold.scope)).await
    }
}
