//! The database: connecting, a pool to read from, one door to write through, and what differs between `SQLite` and
//! `PostgreSQL`, in one place.

mod array;
mod connect;
mod doubt;
mod fault;
mod ids;
mod rows;

use doubt::Doubt;
use sea_orm::{
    DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

pub use array::{keys_table, one_of, one_of_texts};
pub use connect::{ConnectError, Missing, Settings, connect};
pub use fault::Fault;
pub use ids::{Table, next_id, next_ids, reserve};
pub use rows::update_rows;

/// A handle to the database, cheap to clone.
///
/// `SQLite` lets one connection write at a time, so writing has a connection of its own there and readers never
/// wait for it; on `PostgreSQL` both are one pool.
#[derive(Clone, Debug)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    doubt: Doubt,
}

impl Db {
    /// For statements that only read; on `SQLite` these connections refuse to write.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Opens a transaction that may write.
    ///
    /// On `SQLite` it is IMMEDIATE: it waits for its turn here, instead of failing at its first write. The caller
    /// must run in a task that is not dropped with a client's connection: a cancelled `begin` can hand an open
    /// transaction to the next borrower.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.write
            .begin_with_options(TransactionOptions {
                isolation_level: None,
                access_mode: None,
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            })
            .await
    }

    pub fn backend(&self) -> DatabaseBackend {
        self.read.get_database_backend()
    }

    /// The connection that migrations run on.
    pub fn schema_door(&self) -> &DatabaseConnection {
        &self.write
    }

    /// A connection has failed: those that were made before are replaced when they would be used next.
    pub fn doubt_connections(&self) {
        self.doubt.raise();
    }

    /// Calls back with every statement that is run, for tests that count them and read their plans.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static,
    {
        self.read.set_metric_callback(callback.clone());
        self.write.set_metric_callback(callback);
    }

    /// Waits for the statements that run, then closes all connections.
    ///
    /// # Errors
    /// When the driver reports one.
    pub async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.write.close().await
    }
}
