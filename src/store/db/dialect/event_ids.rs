//! The numbers of events: a sequence on `PostgreSQL`, which `SQLite` does not have, and a row of `id_counter` there.

use sea_orm::{ConnectionTrait, DbErr};

use super::{Database, Dialect};
use crate::ids::EventId;

/// Returns `count` ascending ids for events: their positions in the event log.
///
/// # Errors
/// If the statement fails.
pub async fn event_ids(connection: &impl ConnectionTrait, count: usize) -> Result<Vec<EventId>, DbErr> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let dialect = Dialect::of(connection);
    match dialect.0 {
        Database::Postgres => {
            let sql = "SELECT nextval('event_id') AS id FROM generate_series(1, $1)";
            let rows = connection.query_all_raw(dialect.statement(sql, [count.into()])).await?;
            rows.iter().map(|row| row.try_get("", "id")).collect()
        }
        Database::Sqlite => {
            let sql = "UPDATE id_counter SET value = value + $1 WHERE name = 'event_id' RETURNING value";
            let row = connection.query_one_raw(dialect.statement(sql, [count.into()])).await?;
            let last: i64 = row.ok_or_else(|| DbErr::RecordNotFound("event_id".to_owned()))?.try_get("", "value")?;
            Ok((last - count + 1..=last).map(EventId).collect())
        }
    }
}

/// Returns ids for `count` events that are inserted next; `None` where the table numbers its rows itself, in the order
/// in which they are inserted.
///
/// # Errors
/// If the statement fails.
pub async fn event_ids_to_insert(
    connection: &impl ConnectionTrait,
    count: usize,
) -> Result<Option<Vec<EventId>>, DbErr> {
    match Dialect::of(connection).0 {
        Database::Postgres => Ok(None),
        Database::Sqlite => event_ids(connection, count).await.map(Some),
    }
}
