use sea_orm::QueryResult;
use sea_orm::sqlx::postgres::PgRow;
use sea_orm::sqlx::sqlite::SqliteRow;
use sea_orm::sqlx::{Decode, Row, Sqlite, TypeInfo, ValueRef};

/// What a row takes beside its values, about.
const ROW: u64 = 64;
/// What a value of `SQLite` takes beside its text: it is an object of the library (64 bytes, and what its allocator adds)
/// and one of the driver, which says where that is and of which type.
const VALUE: u64 = 144;

/// How many bytes of memory a row takes, about.
pub fn of_row(row: &QueryResult) -> u64 {
    let values = match (row.try_as_pg_row(), row.try_as_sqlite_row()) {
        (Some(row), _) => of_postgres(row),
        (_, Some(row)) => of_sqlite(row),
        _ => 0,
    };
    ROW + values
}

/// All values of a row are in one buffer, in the order of the columns: it is as long as from the first to the last.
fn of_postgres(row: &PgRow) -> u64 {
    let value = |place: usize| row.try_get_raw(place).ok().and_then(|value| value.as_bytes().ok());
    let first = (0..row.len()).find_map(value);
    let last = (0..row.len()).rev().find_map(value);
    match (first, last) {
        (Some(first), Some(last)) => (last.as_ptr().addr() + last.len()).saturating_sub(first.as_ptr().addr()) as u64,
        _ => 0,
    }
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
