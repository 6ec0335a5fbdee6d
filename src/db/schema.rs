use std::ops::Deref;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};

use super::door::Door;
use super::{Db, Doors, Transaction};

/// A transaction that changes tables, and that nobody else is in at the same time.
#[derive(Debug)]
pub enum SchemaChange {
    /// On `SQLite` every writer is alone.
    Sqlite(Transaction),
    /// On `PostgreSQL` a lock is held meanwhile, which is given back however this ends. Migrations run on a connection
    /// of their own; whoever waits for his turn does so without it.
    Postgres { change: DatabaseTransaction, door: DatabaseConnection, lock: Transaction },
}

impl Db {
    /// Waits for the turn of this process to change tables. Statements may take any time: building an index over many
    /// rows takes longer than any statement of a request.
    ///
    /// `lock` is the number of an advisory lock of `PostgreSQL`.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn begin_schema_change(&self, lock: i64) -> Result<SchemaChange, DbErr> {
        let transaction = self.begin_unhurried().await?;
        let Doors::Postgres { schema, .. } = &self.shared.doors else { return Ok(SchemaChange::Sqlite(transaction)) };
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({lock})")).await?;
        let change = schema.begin().await?;
        change.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        Ok(SchemaChange::Postgres { change, door: schema.clone(), lock: transaction })
    }
}

impl SchemaChange {
    /// Keeps what was done.
    ///
    /// # Errors
    /// When the database does not; then nothing was done, unless the connection broke on the way.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres { change, door, lock } => {
                change.commit().await?;
                // SeaORM does not ask this connection whether it did.
                door.ping().await?;
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
            Self::Sqlite(transaction) => match transaction.door() {
                Door::SqliteTransaction(transaction) => transaction,
                Door::Sqlite(_) | Door::Postgres(_) => unreachable!("a transaction of SQLite"),
            },
        }
    }
}
