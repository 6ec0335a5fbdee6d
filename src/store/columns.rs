//! Reads selected columns of a table by their position in the row.
//!
//! `SeaORM` looks up each value by its column name and creates and drops an error for each null. That took half of the
//! time of a list query (callgrind), most of it for columns that were not requested.

use std::marker::PhantomData;

use sea_orm::prelude::{Date, DateTimeUtc};
use sea_orm::sea_query::{IntoIden, Query, SelectStatement};
use sea_orm::{ActiveEnum, Condition, DbErr, EntityTrait, IdenStatic, Iterable, QueryTrait, Select};
use serde::de::DeserializeOwned;

use crate::ids::RecordId;
use crate::scheduling::watchdog::yield_if_long;
use crate::store::db::{DriverValue, Row, RowQueries};

/// Rows that are read before yielding to other tasks.
const A_LOT: usize = 500;

/// A table whose rows are read by column position; implemented by `table!`.
pub trait ColumnTable: EntityTrait {
    /// The fields of the model, in the order of its columns.
    const FIELDS: &'static [&'static str];

    /// # Errors
    /// When a value is not of the type of its column.
    fn row(cells: &mut Cells<'_>) -> Result<Self::Model, DbErr>;
}

/// Implements [`ColumnTable`]; lists the fields of a model in its order.
macro_rules! table {
    ($($field:ident),+ $(,)?) => {
        impl $crate::store::columns::ColumnTable for Entity {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn row(cells: &mut $crate::store::columns::Cells<'_>) -> Result<Model, DbErr> {
                Ok(Model { $($field: cells.value()?),+ })
            }
        }
    };
}
pub(crate) use table;

/// A set of columns of a table: one bit per column, in their order.
pub struct ColumnSet<E>(u64, PhantomData<fn() -> E>);

impl<E> Clone for ColumnSet<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for ColumnSet<E> {}

impl<E: ColumnTable> ColumnSet<E> {
    pub const NONE: Self = Self(0, PhantomData);
    pub const ALL: Self = Self((1 << E::FIELDS.len()) - 1, PhantomData);

    /// The column of a model's field, if the model has a field with this name.
    pub fn of(field: &str) -> Option<Self> {
        E::FIELDS.iter().position(|known| *known == field).map(|place| Self(1 << place, PhantomData))
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0, PhantomData)
    }

    fn iter(self) -> impl Iterator<Item = E::Column> {
        E::Column::iter().enumerate().filter(move |(place, _)| self.0 & (1 << place) != 0).map(|(_, column)| column)
    }

    /// Adds these columns to what a statement selects.
    pub fn select(self, statement: &mut SelectStatement) {
        self.select_from(E::default(), statement);
    }

    /// Like [`select`](Self::select), for a table with another name in the statement.
    pub fn select_from(self, table: impl IntoIden + Copy, statement: &mut SelectStatement) {
        statement.columns(self.iter().map(|column| (table, column)));
    }

    /// Number of columns.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The columns as SQL, for a statement that is written by hand.
    pub fn list(self) -> String {
        let table = E::default();
        let columns: Vec<String> =
            self.iter().map(|column| format!("\"{}\".\"{}\"", table.as_str(), column.as_str())).collect();
        columns.join(", ")
    }

    /// Reads these columns of the rows that a finder selects; the other fields are left empty.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all(self, rows: Select<E>, connection: &impl RowQueries) -> Result<Vec<E::Model>, DbErr> {
        let mut statement = rows.into_query();
        statement.clear_selects();
        self.select(&mut statement);
        self.read_all(connection.rows(&statement).await?).await
    }

    /// Reads these columns of the rows that match a condition. (A finder would name all columns first.)
    ///
    /// # Errors
    /// When the database fails.
    pub async fn matching(self, condition: Condition, connection: &impl RowQueries) -> Result<Vec<E::Model>, DbErr> {
        let mut statement = Query::select().from(E::default()).cond_where(condition).take();
        self.select(&mut statement);
        self.read_all(connection.rows(&statement).await?).await
    }

    async fn read_all(self, rows: Vec<Row>) -> Result<Vec<E::Model>, DbErr> {
        let mut models = Vec::with_capacity(rows.len());
        for (number, row) in (1..).zip(rows) {
            models.push(self.read(&row, 0)?);
            if number % A_LOT == 0 {
                yield_if_long().await;
            }
        }
        Ok(models)
    }

    /// Reads these columns of a row, in which they begin at position `first`.
    ///
    /// # Errors
    /// When a value is not of the type of its column.
    pub fn read(self, row: &Row, first: usize) -> Result<E::Model, DbErr> {
        E::row(&mut Cells { row, wanted: self.0, place: first })
    }
}

/// Reads the values of a row one after the other.
pub struct Cells<'r> {
    row: &'r Row,
    /// One bit per column that is left to read, set if the row has the column.
    wanted: u64,
    place: usize,
}

impl Cells<'_> {
    /// Returns the value of the next column, or a default if the row does not have it.
    ///
    /// # Errors
    /// When the value is not of this type.
    pub fn value<T: Cell>(&mut self) -> Result<T, DbErr> {
        let wanted = self.wanted & 1 != 0;
        self.wanted >>= 1;
        if !wanted {
            return Ok(T::default());
        }
        self.place += 1;
        T::read(self.row, self.place - 1)
    }
}

/// A value of a row; its default stands for a column that was not read.
pub trait Cell: Default {
    /// # Errors
    /// When the value at this position is of another type.
    fn read(row: &Row, place: usize) -> Result<Self, DbErr>;
}

impl Row {
    /// Returns the value at a position.
    ///
    /// # Errors
    /// When it is of another type, or null and not nullable.
    pub fn get<T: Cell>(&self, place: usize) -> Result<T, DbErr> {
        T::read(self, place)
    }
}

fn read<T: DriverValue>(row: &Row, place: usize) -> Result<Option<T>, DbErr> {
    row.value(place)
}

/// Reads a value that is stored as JSON.
///
/// # Errors
/// When the JSON does not fit the type.
pub fn json<T: DeserializeOwned>(row: &Row, place: usize) -> Result<Option<T>, DbErr> {
    row.json(place)
}

/// Reads a value of an enum that is stored by its name.
///
/// # Errors
/// When there is no such value.
pub fn by_name<T: ActiveEnum<Value = String>>(row: &Row, place: usize) -> Result<Option<T>, DbErr> {
    read(row, place)?.map(|name: String| T::try_from_value(&name)).transpose()
}

/// # Errors
/// When there is no value.
pub fn promised<T>(value: Option<T>, place: usize) -> Result<T, DbErr> {
    value.ok_or_else(|| DbErr::Type(format!("null in column {place} of a row, which is not nullable")))
}

impl<I: RecordId> Cell for I {
    fn read(row: &Row, place: usize) -> Result<Self, DbErr> {
        i64::read(row, place).map(I::from)
    }
}

impl<I: RecordId> Cell for Option<I> {
    fn read(row: &Row, place: usize) -> Result<Self, DbErr> {
        Ok(read(row, place)?.map(|key: i64| I::from(key)))
    }
}

/// Implements [`Cell`] for types and their options, with functions that read a value, or null.
macro_rules! cells {
    ($($kind:ty => $read:expr;)+) => {$(
        impl $crate::store::columns::Cell for $kind {
            fn read(row: &$crate::store::db::Row, place: usize) -> Result<Self, sea_orm::DbErr> {
                $crate::store::columns::promised($read(row, place)?, place)
            }
        }

        impl $crate::store::columns::Cell for Option<$kind> {
            fn read(row: &$crate::store::db::Row, place: usize) -> Result<Self, sea_orm::DbErr> {
                $read(row, place)
            }
        }
    )+};
}
pub(crate) use cells;

cells! {
    bool => read;
    i32 => read;
    i64 => read;
    String => read;
    Vec<u8> => read;
    Date => read;
    DateTimeUtc => read;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::entity::{assignment, company, customer, message, note, note_type, user};

    fn stand_in_order<E: ColumnTable>() {
        let columns: Vec<String> = E::Column::iter().map(|column| column.as_str().to_owned()).collect();
        assert_eq!(E::FIELDS, columns, "table! of {}", E::default().as_str());
    }

    #[test]
    fn fields_are_in_the_order_of_the_columns() {
        stand_in_order::<assignment::Entity>();
        stand_in_order::<company::Entity>();
        stand_in_order::<customer::Entity>();
        stand_in_order::<message::Entity>();
        stand_in_order::<note::Entity>();
        stand_in_order::<note_type::Entity>();
        stand_in_order::<user::Entity>();
    }
}
