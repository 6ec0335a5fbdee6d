//! Where statements run: on a connection to either database, in a transaction or not.

use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult, Statement, StreamTrait};

use super::postgres::{Session, changed};
use super::row::Row;
use super::scope::Scope;
use super::size;
use crate::watchdog::breathe;

/// So many bytes of rows are taken out of the operation's memory at once: all operations share it.
const A_LOT: u64 = 16 << 10;

/// A connection, while it is taken.
#[derive(Debug)]
pub enum Door {
    Sqlite(DatabaseConnection),
    /// In a transaction that was begun on it.
    SqliteTransaction(DatabaseTransaction),
    /// Whether in a transaction or not is known by the server alone.
    Postgres(Arc<Session>),
}

impl Door {
    /// # Errors
    /// When the statement fails.
    pub async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(door) => door.execute_raw(statement).await,
            Self::SqliteTransaction(door) => door.execute_raw(statement).await,
            Self::Postgres(session) => changed(session.execute(&statement).await?),
        }
    }

    /// Runs statements without values, which may be several.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(door) => door.execute_unprepared(sql).await,
            Self::SqliteTransaction(door) => door.execute_unprepared(sql).await,
            Self::Postgres(session) => changed(session.execute_unprepared(sql).await?),
        }
    }

    /// The rows of a statement, read one by one: when they become too many, the next one is not read.
    ///
    /// # Errors
    /// When the statement fails, or the operation may not go on.
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

    /// The one row of a statement that has one at most.
    ///
    /// # Errors
    /// As of [`Self::rows`].
    pub async fn row(&self, statement: Statement, scope: &Scope) -> Result<Option<Row>, DbErr> {
        let row = match self {
            Self::Sqlite(door) => door.query_one_raw(statement).await?.map(Row::Sqlite),
            Self::SqliteTransaction(door) => door.query_one_raw(statement).await?.map(Row::Sqlite),
            Self::Postgres(session) => {
                let mut stream = session.rows(&statement).await?;
                let first = stream.next().await?;
                // The statement has ended when nothing comes any more.
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

/// Rows that are counted against what an operation may hold.
struct Counted<'a> {
    scope: &'a Scope,
    rows: Vec<Row>,
    /// How many of them the scope knows of.
    told: usize,
    /// What the others take.
    bytes: u64,
}

impl<'a> Counted<'a> {
    fn new(scope: &'a Scope) -> Self {
        Self { scope, rows: Vec::new(), told: 0, bytes: 0 }
    }

    async fn push(&mut self, row: Row) -> Result<(), DbErr> {
        if self.scope.is_metered() {
            self.bytes += size::of_row(&row);
            // Not for each row: to look at the CPU time of a thread is a call of the system.
            if self.bytes >= A_LOT {
                self.scope.check()?;
                self.scope.rows((self.rows.len() - self.told) as u64, self.bytes)?;
                (self.told, self.bytes) = (self.rows.len(), 0);
                // As long as rows are at hand, nothing here waits.
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
