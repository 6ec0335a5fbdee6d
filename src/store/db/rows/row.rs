//! A row of either database.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::sqlx::{self, Decode, Row as _, Sqlite, Type};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, RuntimeErr, Statement, StatementBuilder};
use serde::de::DeserializeOwned;
use tokio_postgres::types::FromSql;

use crate::store::db::postgres::{cell, results};

/// A row of a result, as the driver returns it.
#[derive(Debug)]
pub enum Row {
    Sqlite(QueryResult),
    Postgres(tokio_postgres::Row),
}

/// A value type that both drivers support.
pub trait DriverValue: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> FromSql<'r> {}

impl<T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> FromSql<'r>> DriverValue for T {}

impl Row {
    /// Returns the value at an index; `None` if it is null.
    ///
    /// # Errors
    /// If it has another type.
    pub fn value<T: DriverValue>(&self, place: usize) -> Result<Option<T>, DbErr> {
        match self {
            Self::Sqlite(row) => sqlite(row, place),
            Self::Postgres(row) => cell(row, place),
        }
    }

    /// Returns the value at an index of a column that stores JSON; `None` if it is null.
    ///
    /// # Errors
    /// If the JSON does not fit the type.
    pub fn json<T: DeserializeOwned>(&self, place: usize) -> Result<Option<T>, DbErr> {
        match self {
            Self::Sqlite(row) => Ok(sqlite(row, place)?.map(|sqlx::types::Json(value)| value)),
            Self::Postgres(row) => Ok(cell(row, place)?.map(|tokio_postgres::types::Json(value)| value)),
        }
    }

    /// Converts rows to those of `SeaORM`.
    ///
    /// # Errors
    /// If a value does not match its column's type.
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

/// Queries that return the driver's rows, to be read by column index: `SeaORM` would look each value up by name. The
/// futures are boxed, since those of operations contain them and grow with them.
pub trait RowQueries: ConnectionTrait {
    /// Returns the rows of a statement.
    ///
    /// # Errors
    /// If the statement fails, or the operation is stopped.
    fn rows_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbErr>>;

    /// Returns the row of a statement that yields at most one.
    ///
    /// # Errors
    /// As for [`Self::rows_raw`].
    fn row_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Option<Row>, DbErr>>;

    /// Returns the rows of a statement.
    ///
    /// # Errors
    /// As for [`Self::rows_raw`].
    fn rows<'s, S: StatementBuilder>(&'s self, statement: &S) -> BoxFuture<'s, Result<Vec<Row>, DbErr>> {
        self.rows_raw(self.get_database_backend().build(statement))
    }

    /// Returns the row of a statement that yields at most one.
    ///
    /// # Errors
    /// As for [`Self::rows_raw`].
    fn row<'s, S: StatementBuilder>(&'s self, statement: &S) -> BoxFuture<'s, Result<Option<Row>, DbErr>> {
        self.row_raw(self.get_database_backend().build(statement))
    }
}
