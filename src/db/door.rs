//! Statement execution on a connection to either database, inside a transaction or not.

use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult, Statement, StreamTrait};

use super::postgres::{Session, changed};
use super::row::Row;
use super::scope::Scope;
use super::size;
use crate::watchdog::breathe;

/// Rows are charged to the memory budget in steps of this many bytes, since all operations share it.
const A_LOT: u64 = 16 << 10;

/// A connection in use.
#[derive(Debug)]
pub enum Door {
    Sqlite(DatabaseConnection),
    /// A connection inside a transaction.
    SqliteTransaction(DatabaseTransaction),
    /// Only the server knows whether this one is inside a transaction.
    Postgres(Arc<Session>),
}

impl Door {
    /// Runs a statement, and returns how many rows it affected.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(door) => door.execute_raw(statement).await,
            Self::SqliteTransaction(door) => door.execute_raw(statement).await,
            Self::Postgres(session) => changed(session.execute(&statement).await?),
        }
    }

    /// Runs one or several statements without values.
    ///
    /// # Errors
    /// If one of them fails.
    pub async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(door) => door.execute_unprepared(sql).await,
            Self::SqliteTransaction(door) => door.execute_unprepared(sql).await,
            Self::Postgres(session) => changed(session.execute_unprepared(sql).await?),
        }
    }

    /// Returns the rows of a statement. Reads them one by one, and stops as soon as they exceed the memory budget.
    ///
    /// # Errors
    /// If the statement fails, or the operation is stopped.
    pub async fn rows(&self, statement: Statement, scope: &Scope) -> Result<Vec<Row>, DbErr> {
        match self {
            Self::Sqlite(door) => sqlite_rows(door, statement, scope).await,
            Self::SqliteTransaction(door) => sqlite_rows(door, statement, scope).await,
            Self::Postgres(session) => {
                let mut rows = Counted::new(scope);
                let mut stream = session.rows(&statement).await?;
                while let Some(row) = stream.next().await? {
                    rows.push(Row::Postgres(row)).await?;
                }
                rows.end()
            }
        }
    }

    /// Returns the row of a statement that yields at most one.
    ///
    /// # Errors
    /// As for [`Self::rows`].
    pub async fn row(&self, statement: Statement, scope: &Scope) -> Result<Option<Row>, DbErr> {
        let row = match self {
            Self::Sqlite(door) => door.query_one_raw(statement).await?.map(Row::Sqlite),
            Self::SqliteTransaction(door) => door.query_one_raw(statement).await?.map(Row::Sqlite),
            Self::Postgres(session) => {
                let mut stream = session.rows(&statement).await?;
                let first = stream.next().await?;
                // The statement has ended once the stream is exhausted.
                while stream.next().await?.is_some() {}
                first.map(Row::Postgres)
            }
        };
        if let Some(row) = row.as_ref().filter(|_| scope.is_metered()) {
            scope.rows(1, size::of_row(row))?;
        }
        Ok(row)
    }
}

async fn sqlite_rows(door: &impl StreamTrait, statement: Statement, scope: &Scope) -> Result<Vec<Row>, DbErr> {
    let mut stream = pin!(door.stream_raw(statement).await?);
    let mut rows = Counted::new(scope);
    while let Some(row) = stream.try_next().await? {
        rows.push(Row::Sqlite(row)).await?;
    }
    rows.end()
}

/// Rows that are charged to the operation's memory budget.
struct Counted<'a> {
    scope: &'a Scope,
    rows: Vec<Row>,
    /// How many rows the scope knows of.
    told: usize,
    /// Bytes of the rows it does not know of yet.
    bytes: u64,
}

impl<'a> Counted<'a> {
    fn new(scope: &'a Scope) -> Self {
        Self { scope, rows: Vec::new(), told: 0, bytes: 0 }
    }

    async fn push(&mut self, row: Row) -> Result<(), DbErr> {
        if self.scope.is_metered() {
            self.bytes += size::of_row(&row);
            // Not for each row, since reading the thread's CPU time is a system call.
            if self.bytes >= A_LOT {
                self.scope.check()?;
                self.scope.rows((self.rows.len() - self.told) as u64, self.bytes)?;
                (self.told, self.bytes) = (self.rows.len(), 0);
                // Reading buffered rows never yields by itself.
                breathe().await;
            }
        }
        self.rows.push(row);
        Ok(())
    }

    fn end(self) -> Result<Vec<Row>, DbErr> {
        self.scope.rows((self.rows.len() - self.told) as u64, self.bytes)?;
        Ok(self.rows)
    }
}
