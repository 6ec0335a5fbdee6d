//! Statement execution on a connection to either database, inside a transaction or not.

use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult, Statement, StreamTrait};

use super::statement_meter::StatementMeter;
use crate::scheduling::watchdog::yield_if_long;
use crate::store::db::postgres::{Rows, Sent, Session, changed};
use crate::store::db::rows::{Row, size};

/// Rows are charged to the memory budget in steps of this many bytes, since all operations share it.
const A_LOT: u64 = 16 << 10;

/// A connection in use.
#[derive(Debug)]
pub enum DbExecutor {
    Sqlite(DatabaseConnection),
    /// A connection inside a transaction.
    SqliteTransaction(DatabaseTransaction),
    /// Only the server knows whether this one is inside a transaction.
    Postgres(Arc<Session>),
}

impl DbExecutor {
    /// Runs a statement, and returns how many rows it affected.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(connection) => connection.execute_raw(statement).await,
            Self::SqliteTransaction(connection) => connection.execute_raw(statement).await,
            Self::Postgres(session) => changed(session.execute(&statement).await?),
        }
    }

    /// Runs one or several statements without values.
    ///
    /// # Errors
    /// If one of them fails.
    pub async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(connection) => connection.execute_unprepared(sql).await,
            Self::SqliteTransaction(connection) => connection.execute_unprepared(sql).await,
            Self::Postgres(session) => changed(session.execute_unprepared(sql).await?),
        }
    }

    /// Returns the rows of a statement. Reads them one by one, and stops as soon as they exceed the memory budget.
    ///
    /// # Errors
    /// If the statement fails, or the operation is stopped.
    pub async fn rows(&self, statement: Statement, meter: &StatementMeter) -> Result<Vec<Row>, DbErr> {
        match self {
            Self::Sqlite(connection) => sqlite_rows(connection, statement, meter).await,
            Self::SqliteTransaction(connection) => sqlite_rows(connection, statement, meter).await,
            Self::Postgres(session) => {
                let mut rows = Counted::new(meter);
                let mut stream = session.rows(&statement).await?;
                while let Some(row) = stream.next().await? {
                    rows.push(Row::Postgres(row)).await?;
                }
                rows.end()
            }
        }
    }

    /// Returns the rows of each of several statements, which run in this order; on `PostgreSQL`, in one round trip.
    ///
    /// # Errors
    /// As for [`Self::rows`].
    pub async fn rows_of_all(&self, statements: &[Statement], meter: &StatementMeter) -> Result<Vec<Vec<Row>>, DbErr> {
        let Self::Postgres(session) = self else {
            let mut all = Vec::with_capacity(statements.len());
            for statement in statements {
                all.push(self.rows(statement.clone(), meter).await?);
            }
            return Ok(all);
        };
        read_sent(session.send_all(statements).await?, meter).await
    }

    /// Runs statements that write, in this order; on `PostgreSQL`, in one round trip.
    ///
    /// # Errors
    /// If one of them fails.
    pub async fn execute_all(&self, statements: Vec<Statement>) -> Result<(), DbErr> {
        let Self::Postgres(session) = self else {
            for statement in statements {
                self.execute(statement).await?;
            }
            return Ok(());
        };
        for sent in session.send_writes(&statements).await? {
            sent.answer().await?;
        }
        Ok(())
    }

    /// Returns the row of a statement that yields at most one.
    ///
    /// # Errors
    /// As for [`Self::rows`].
    pub async fn row(&self, statement: Statement, meter: &StatementMeter) -> Result<Option<Row>, DbErr> {
        let row = match self {
            Self::Sqlite(connection) => connection.query_one_raw(statement).await?.map(Row::Sqlite),
            Self::SqliteTransaction(connection) => connection.query_one_raw(statement).await?.map(Row::Sqlite),
            Self::Postgres(session) => {
                let mut stream = session.rows(&statement).await?;
                let first = stream.next().await?;
                // The statement has ended once the stream is exhausted.
                while stream.next().await?.is_some() {}
                first.map(Row::Postgres)
            }
        };
        if let Some(row) = row.as_ref().filter(|_| meter.is_metered()) {
            meter.rows(1, size::of_row(row))?;
        }
        Ok(row)
    }
}

/// Reads the rows of statements that were sent one behind the other.
///
/// # Errors
/// If one of them fails, or the operation is stopped.
pub async fn read_sent(sent: Vec<Sent<'_, Rows<'_>>>, meter: &StatementMeter) -> Result<Vec<Vec<Row>>, DbErr> {
    let mut all = Vec::with_capacity(sent.len());
    for sent in sent {
        let mut rows = Counted::new(meter);
        let mut stream = sent.answer().await?;
        while let Some(row) = stream.next().await? {
            rows.push(Row::Postgres(row)).await?;
        }
        all.push(rows.end()?);
    }
    Ok(all)
}

async fn sqlite_rows(
    connection: &impl StreamTrait,
    statement: Statement,
    meter: &StatementMeter,
) -> Result<Vec<Row>, DbErr> {
    let mut stream = pin!(connection.stream_raw(statement).await?);
    let mut rows = Counted::new(meter);
    while let Some(row) = stream.try_next().await? {
        rows.push(Row::Sqlite(row)).await?;
    }
    rows.end()
}

/// Rows that are charged to the operation's memory budget.
struct Counted<'a> {
    meter: &'a StatementMeter,
    rows: Vec<Row>,
    /// How many rows the scope knows of.
    told: usize,
    /// Bytes of the rows it does not know of yet.
    bytes: u64,
}

impl<'a> Counted<'a> {
    fn new(meter: &'a StatementMeter) -> Self {
        Self { meter, rows: Vec::new(), told: 0, bytes: 0 }
    }

    async fn push(&mut self, row: Row) -> Result<(), DbErr> {
        if self.meter.is_metered() {
            self.bytes += size::of_row(&row);
            // Not for each row, since reading the thread's CPU time is a system call.
            if self.bytes >= A_LOT {
                self.meter.check()?;
                self.meter.rows((self.rows.len() - self.told) as u64, self.bytes)?;
                (self.told, self.bytes) = (self.rows.len(), 0);
                // Reading buffered rows never yields by itself.
                yield_if_long().await;
            }
        }
        self.rows.push(row);
        Ok(())
    }

    fn end(self) -> Result<Vec<Row>, DbErr> {
        self.meter.rows((self.rows.len() - self.told) as u64, self.bytes)?;
        Ok(self.rows)
    }
}
