use sea_orm::sqlx::sqlite::SqliteRow;
use sea_orm::sqlx::{Decode, Row as _, Sqlite, TypeInfo, ValueRef};

use super::row::Row;

/// What a row takes beside its values, about.
const ROW: u64 = 64;
/// What a value of `SQLite` takes beside its text: it is an object of the library (64 bytes, and what its allocator adds)
/// and one of the driver, which says where that is and of which type.
const VALUE: u64 = 144;
/// What a value of `PostgreSQL` takes beside its text: where it stands in the row.
const PLACE: u64 = 32;

/// How many bytes of memory a row takes, about.
pub fn of_row(row: &Row) -> u64 {
    let values = match row {
        Row::Sqlite(row) => row.try_as_sqlite_row().map_or(0, of_sqlite),
        // All of its values are in one buffer, in the order of the columns.
        Row::Postgres(row) => row.raw_size_bytes() as u64 + PLACE * row.len() as u64,
    };
    ROW + values
}

fn of_sqlite(row: &SqliteRow) -> u64 {
    let value = |place: usize| {
        let value = row.try_get_raw(place).ok()?;
        // To ask for the bytes of a number would turn it into text.
        let is_long = matches!(value.type_info().name(), "TEXT" | "BLOB");
        is_long.then(|| <&[u8] as Decode<Sqlite>>::decode(value).map_or(0, <[u8]>::len) as u64)
    };
    (0..row.len()).map(|place| VALUE + value(place).unwrap_or_default()).sum()
}
