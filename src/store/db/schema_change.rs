use std::ops::Deref;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};

use super::Transaction;
use super::handle::{BackendConnections, Db};
use super::statement::DbExecutor;

/// A transaction that changes tables, one at a time.
#[derive(Debug)]
pub enum SchemaChange {
    /// `SQLite` has only one writer at a time anyway.
    Sqlite(Transaction),
    /// `lock` holds an advisory lock of `PostgreSQL` and releases it however this ends. Migrations run on a connection
    /// of their own, which is not opened while waiting for the lock.
    Postgres { change: DatabaseTransaction, connection: DatabaseConnection, lock: Transaction },
}

impl Db {
    /// Waits until no other process changes tables, then begins. There is no statement timeout: building an index over
    /// many rows takes longer than any statement of a request.
    ///
    /// `lock` is the number of an advisory lock of `PostgreSQL`.
    ///
    /// # Errors
    /// If no connection is available in time.
    pub async fn begin_schema_change(&self, lock: i64) -> Result<SchemaChange, DbErr> {
        let transaction = self.begin_without_timeout().await?;
        let BackendConnections::Postgres { schema, .. } = &self.shared.connections else {
            return Ok(SchemaChange::Sqlite(transaction));
        };
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({lock})")).await?;
        let change = schema.begin().await?;
        change.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        Ok(SchemaChange::Postgres { change, connection: schema.clone(), lock: transaction })
    }
}

impl SchemaChange {
    /// Commits the transaction.
    ///
    /// # Errors
    /// If the database refuses; then nothing was changed, unless the connection broke on the way.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres { change, connection, lock } => {
                change.commit().await?;
                // SeaORM does not see whether the commit succeeded on this connection; `ping` reports it.
                connection.ping().await?;
                lock.commit().await
            }
        }
    }
}

impl Deref for SchemaChange {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        match self {
            Self::Postgres { change, .. } => change,
            Self::Sqlite(transaction) => match transaction.executor() {
                DbExecutor::SqliteTransaction(transaction) => transaction,
                DbExecutor::Sqlite(_) | DbExecutor::Postgres(_) => unreachable!("a transaction of SQLite"),
            },
        }
    }
}
