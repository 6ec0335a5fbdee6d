use sea_orm::sqlx::sqlite::SqliteRow;
use sea_orm::sqlx::{Decode, Row as _, Sqlite, TypeInfo, ValueRef};

use super::row::Row;

/// Approximate bytes of a row, without its values.
const ROW: u64 = 64;
/// Approximate bytes of a `SQLite` value, without its text: one object of the library (64 bytes plus the allocator's
/// overhead), and one of the driver with its location and type.
const VALUE: u64 = 144;
/// Bytes of a `PostgreSQL` value, without its text: its position in the row.
const PLACE: u64 = 32;

/// Approximate bytes of memory that a row takes.
pub fn of_row(row: &Row) -> u64 {
    let values = match row {
        Row::Sqlite(row) => row.try_as_sqlite_row().map_or(0, of_sqlite),
        // One buffer holds all values, in the order of the columns.
        Row::Postgres(row) => row.raw_size_bytes() as u64 + PLACE * row.len() as u64,
    };
    ROW + values
}

fn of_sqlite(row: &SqliteRow) -> u64 {
    let value = |place: usize| {
        let value = row.try_get_raw(place).ok()?;
        // Reading the bytes of a number would convert it to text.
        let is_long = matches!(value.type_info().name(), "TEXT" | "BLOB");
        is_long.then(|| <&[u8] as Decode<Sqlite>>::decode(value).map_or(0, <[u8]>::len) as u64)
    };
    (0..row.len()).map(|place| VALUE + value(place).unwrap_or_default()).sum()
}
