//! A row of either database.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::sqlx::{self, Decode, Row as _, Sqlite, Type};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, RuntimeErr, Statement, StatementBuilder};
use serde::de::DeserializeOwned;
use tokio_postgres::types::FromSql;

use super::postgres::{cell, results};

/// A row of what a statement found, as the driver gave it.
#[derive(Debug)]
pub enum Row {
    Sqlite(QueryResult),
    Postgres(tokio_postgres::Row),
}

/// A value that both drivers know.
pub trait Plain: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> FromSql<'r> {}

impl<T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> FromSql<'r>> Plain for T {}

impl Row {
    /// The value at a place; `None` where it is null.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn value<T: Plain>(&self, place: usize) -> Result<Option<T>, DbErr> {
        match self {
            Self::Sqlite(row) => sqlite(row, place),
            Self::Postgres(row) => cell(row, place),
        }
    }

    /// The same of a value that is stored as JSON.
    ///
    /// # Errors
    /// When it is no JSON of such a value.
    pub fn json<T: DeserializeOwned>(&self, place: usize) -> Result<Option<T>, DbErr> {
        match self {
            Self::Sqlite(row) => Ok(sqlite(row, place)?.map(|sqlx::types::Json(value)| value)),
            Self::Postgres(row) => Ok(cell(row, place)?.map(|tokio_postgres::types::Json(value)| value)),
        }
    }

    /// Rows as `SeaORM` takes them.
    ///
    /// # Errors
    /// When a value is not what its type says.
    pub fn results(rows: Vec<Self>) -> Result<Vec<QueryResult>, DbErr> {
        let (mut of_sqlite, mut of_postgres) = (Vec::new(), Vec::new());
        for row in rows {
            match row {
                Self::Sqlite(row) => of_sqlite.push(row),
                Self::Postgres(row) => of_postgres.push(row),
            }
        }
        if of_postgres.is_empty() { Ok(of_sqlite) } else { results(&of_postgres) }
    }
}

fn sqlite<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(row: &'r QueryResult, place: usize) -> Result<Option<T>, DbErr> {
    let row = row.try_as_sqlite_row().ok_or_else(|| DbErr::Type("a row of another database".to_owned()))?;
    row.try_get(place).map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
}

/// Rows as the driver gave them, to be read by the places of their columns: `SeaORM` would have each value found by its
/// name. The futures are boxed: those of operations hold them, and grow by them.
pub trait Queries: ConnectionTrait {
    /// The rows of a statement.
    ///
    /// # Errors
    /// When the statement fails, or the operation may not go on.
    fn rows_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbErr>>;

    /// The one row of a statement that has one at most.
    ///
    /// # Errors
    /// As of [`Self::rows_raw`].
    fn row_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Option<Row>, DbErr>>;

    /// The rows of a statement.
    ///
    /// # Errors
    /// As of [`Self::rows_raw`].
    fn rows<'s, S: StatementBuilder>(&'s self, statement: &S) -> BoxFuture<'s, Result<Vec<Row>, DbErr>> {
        self.rows_raw(self.get_database_backend().build(statement))
    }

    /// The one row of a statement that has one at most.
    ///
    /// # Errors
    /// As of [`Self::rows_raw`].
    fn row<'s, S: StatementBuilder>(&'s self, statement: &S) -> BoxFuture<'s, Result<Option<Row>, DbErr>> {
        self.row_raw(self.get_database_backend().build(statement))
    }
}
