use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};

/// A table whose ids we make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Company,
    Customer,
    User,
    NoteType,
    Note,
    Message,
    Event,
    Token,
}

impl Table {
    /// The name of its sequence on `PostgreSQL`, of its row in `id_counter` on `SQLite`.
    fn counter(self) -> &'static str {
        match self {
            Self::Company => "company_id",
            Self::Customer => "customer_id",
            Self::User => "user_id",
            Self::NoteType => "note_type_id",
            Self::Note => "note_id",
            Self::Message => "message_id",
            Self::Event => "event_id",
            Self::Token => "token_id",
        }
    }
}

/// A new id, larger than every id of the table so far.
///
/// # Errors
/// When the statement fails.
pub async fn next_id(connection: &impl ConnectionTrait, table: Table) -> Result<i64, DbErr> {
    let backend = connection.get_database_backend();
    let missing = || DbErr::RecordNotFound(table.counter().to_owned());
    if backend == DatabaseBackend::Postgres {
        // Planned once; how many rows `generate_series` has is looked at each time.
        let statement =
            Statement::from_sql_and_values(backend, "SELECT nextval($1::regclass)", [table.counter().into()]);
        return connection.query_one_raw(statement).await?.ok_or_else(missing)?.try_get_by_index(0);
    }
    next_ids(connection, table, 1).await?.pop().ok_or_else(missing)
}

/// `count` new ids, ascending.
///
/// # Errors
/// When the statement fails.
pub async fn next_ids(connection: &impl ConnectionTrait, table: Table, count: usize) -> Result<Vec<i64>, DbErr> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let backend = connection.get_database_backend();
    if backend == DatabaseBackend::Postgres {
        let sql = "SELECT nextval($1::regclass) AS id FROM generate_series(1, $2)";
        let values = [table.counter().into(), count.into()];
        let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        return rows.iter().map(|row| row.try_get("", "id")).collect();
    }
    let sql = "UPDATE id_counter SET value = value + ? WHERE name = ? RETURNING value";
    let values = [count.into(), table.counter().into()];
    let row = connection
        .query_one_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?
        .ok_or_else(|| DbErr::RecordNotFound(table.counter().to_owned()))?;
    let last: i64 = row.try_get("", "value")?;
    Ok((last - count + 1..=last).collect())
}

/// Moves new ids past `largest`, an id that came from elsewhere. Never moves back.
///
/// # Errors
/// When the statement fails.
pub async fn reserve(connection: &impl ConnectionTrait, table: Table, largest: i64) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let (sql, values) = if backend == DatabaseBackend::Postgres {
        let sql = format!(
            "SELECT setval('{counter}', $1) FROM {counter} WHERE last_value < $1 OR (last_value = $1 AND NOT is_called)",
            counter = table.counter()
        );
        (sql, vec![largest.into()])
    } else {
        let sql = "UPDATE id_counter SET value = ? WHERE name = ? AND value < ?";
        (sql.to_owned(), vec![largest.into(), table.counter().into(), largest.into()])
    };
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}
