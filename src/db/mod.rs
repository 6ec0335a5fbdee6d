//! The database: connecting, a pool to read from, one door to write through, and what differs between `SQLite` and
//! `PostgreSQL`, in one place.

mod array;
mod connect;
mod doubt;
mod fault;
mod file;
mod ids;
mod limit;
mod probe;
mod reader;
mod ready;
mod rows;
mod stopwatch;

use std::time::Duration;

use doubt::Doubt;
use limit::Limited;
use probe::Probe;
use ready::Ready;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

pub use array::{keys_table, one_of, one_of_texts};
pub use connect::{ConnectError, Missing, Settings, connect};
pub use fault::Fault;
pub use file::sqlite_file;
pub use ids::{Table, next_id, next_ids, reserve};
pub use reader::Reader;
pub use rows::update_rows;

/// A handle to the database, cheap to clone.
///
/// `SQLite` lets one connection write at a time, so writing has a connection of its own there and readers never
/// wait for it; on `PostgreSQL` both are one pool. Statements have a time limit on either.
#[derive(Clone, Debug)]
pub struct Db {
    read: Reader,
    doors: Doors,
    ready: Ready,
    doubt: Doubt,
    statement_timeout: Duration,
}

/// Where is written, and where a moment is looked at for long.
#[derive(Clone, Debug)]
enum Doors {
    Postgres { pool: DatabaseConnection, probe: Probe },
    Sqlite { write: Limited, look: Limited },
}

impl Db {
    /// For statements that only read; on `SQLite` these connections refuse to write.
    pub fn read(&self) -> &Reader {
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
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let transaction = self.schema_door().begin_with_options(options).await?;
        if let Doors::Sqlite { write, .. } = &self.doors {
            // What it waited for others is not the time of its first statement.
            write.limit.begin();
        }
        Ok(transaction)
    }

    /// Opens a transaction that may write, and whose statements may take any time.
    ///
    /// # Errors
    /// As of [`Self::begin`].
    pub async fn begin_unhurried(&self) -> Result<DatabaseTransaction, DbErr> {
        let transaction = self.begin().await?;
        match &self.doors {
            Doors::Postgres { .. } => {
                transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            }
            Doors::Sqlite { write, .. } => write.limit.lift(),
        }
        Ok(transaction)
    }

    /// Runs one statement that may take any time, outside of transactions on `SQLite`, where some have to be.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn execute_unhurried(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &self.doors {
            Doors::Postgres { .. } => {
                let transaction = self.begin_unhurried().await?;
                let result = transaction.execute_raw(statement).await?;
                transaction.commit().await?;
                Ok(result)
            }
            Doors::Sqlite { write, .. } => {
                let _suspended = write.limit.suspend();
                write.door.execute_raw(statement).await
            }
        }
    }

    /// Opens a transaction that only reads, and sees the database as it is at this moment.
    ///
    /// # Errors
    /// As of [`Self::begin`].
    pub async fn look(&self) -> Result<DatabaseTransaction, DbErr> {
        let (transaction, first) = match &self.doors {
            Doors::Postgres { pool, .. } => {
                let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
                (pool.begin_with_config(Some(isolation), Some(access)).await?, "SELECT 1")
            }
            Doors::Sqlite { look, .. } => {
                let transaction = look.door.begin().await?;
                // Whoever takes what is read may take his time between two statements.
                look.limit.lift();
                (transaction, "SELECT count(*) FROM sqlite_schema")
            }
        };
        // It sees the moment of its first statement; on SQLite, of the first that reads the file.
        transaction.execute_unprepared(first).await?;
        Ok(transaction)
    }

    pub fn backend(&self) -> DatabaseBackend {
        self.read.get_database_backend()
    }

    /// The connection that migrations run on.
    pub fn schema_door(&self) -> &DatabaseConnection {
        match &self.doors {
            Doors::Postgres { pool, .. } => pool,
            Doors::Sqlite { write, .. } => &write.door,
        }
    }

    /// Somebody was failed so. Where connections are no good any more, those that were made before are replaced when
    /// they would be used next.
    pub fn heed(&self, fault: Fault) {
        match (fault, &self.doors) {
            (Fault::Connection, _) => self.doubt.raise(),
            (Fault::ReadOnly, Doors::Postgres { probe, .. }) => probe.look_for_changes(&self.doubt),
            _ => {}
        }
    }

    /// Whether the database answers, over a connection that no operation uses.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<(), DbErr> {
        self.ready.check().await
    }

    /// A statement that is not answered in this time never will be: the database ends it before, where the connection
    /// still leads there.
    pub fn patience(&self) -> Duration {
        const ON_THE_WAY: Duration = Duration::from_secs(2);
        self.statement_timeout + ON_THE_WAY
    }

    /// Calls back with every statement that is run, for tests that count them and read their plans.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static,
    {
        self.read.observe(callback.clone());
        match &mut self.doors {
            Doors::Postgres { pool, .. } => pool.set_metric_callback(callback),
            Doors::Sqlite { write, look } => {
                write.observe(callback.clone());
                look.observe(callback);
            }
        }
    }

    /// Waits for the statements that run, then closes all connections.
    ///
    /// # Errors
    /// When the driver reports one.
    pub async fn close(self) -> Result<(), DbErr> {
        self.ready.close().await?;
        self.read.close().await?;
        match self.doors {
            Doors::Postgres { pool, .. } => pool.close().await,
            Doors::Sqlite { write, look } => {
                look.door.close().await?;
                write.door.close().await
            }
        }
    }
}
