use sea_orm::prelude::async_trait;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, ExecResult, QueryResult, Statement};

use super::transaction::Transaction;

/// The writes with which a transaction ends. On `PostgreSQL` they wait here for the commit, and are sent with it in one
/// round trip, as one statement where that is possible; on `SQLite`, where nothing is sent, each runs at once.
///
/// The writes do not depend on each other: none reads, changes or deletes a row that another one writes, as `PostgreSQL` may
/// run them in any order, on one snapshot. Rows may refer to each other: foreign keys are checked when all writes have
/// run. `SQLite` checks them after each write, so a row comes before those that refer to it.
///
/// A write that waits reports no error and no number of affected rows: the commit fails instead of it, and nothing
/// is changed. Any read of the transaction comes after the writes that wait, which it sends before.
///
/// See [`Transaction::writes`].
#[derive(Clone, Copy, Debug)]
pub struct WriteBatch<'t>(&'t Transaction);

impl Transaction {
    /// The connection for the writes with which the transaction ends.
    pub fn writes(&self) -> WriteBatch<'_> {
        WriteBatch(self)
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for WriteBatch<'_> {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_by_commit(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(statement).await
    }
}
