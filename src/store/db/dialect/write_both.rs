use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DbErr};

use super::{Database, Dialect};

/// Runs two statements that write, of which neither depends on what the other writes: on `PostgreSQL` as one, since
/// each is a round trip; on `SQLite`, which cannot write in a WITH clause, one after the other.
///
/// The statements share the parameters `values`; the first takes no more than the first `shared` of them.
///
/// # Errors
/// If a statement fails.
pub async fn write_both(
    connection: &impl ConnectionTrait,
    [first, second]: [&str; 2],
    values: Vec<Value>,
    shared: usize,
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let second = match dialect.0 {
        Database::Postgres => format!("WITH first AS ({first}) {second}"),
        Database::Sqlite => {
            let values = values.iter().take(shared).cloned();
            connection.execute_raw(dialect.statement(first, values)).await?;
            second.to_owned()
        }
    };
    connection.execute_raw(dialect.statement(second, values)).await.map(drop)
}
