use sea_orm::{ConnectionTrait, DbErr};

use super::part::{IndexedPart, part_keys};
use super::{postgres, sqlite};
use crate::ids::{CompanyId, NoteId};
use crate::store::db::dialect::{Database, Dialect};

/// Adds new parts, and their words to those of their notes.
///
/// # Errors
/// If a statement fails.
pub async fn add(connection: &impl ConnectionTrait, company_id: CompanyId, parts: &[IndexedPart]) -> Result<(), DbErr> {
    match Dialect::of(connection).0 {
        Database::Postgres => postgres::add(connection, company_id, parts).await,
        Database::Sqlite => sqlite::add(connection, company_id, parts).await,
    }
}

/// Replaces parts, or adds them, and rebuilds the words of their notes: those of the given parts from their texts, those
/// of the others from the index.
///
/// # Errors
/// If a statement fails.
pub async fn replace(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
) -> Result<(), DbErr> {
    let gone: Vec<IndexedPart> = parts.iter().filter(|part| part.text.stored.is_none()).cloned().collect();
    if !gone.is_empty() {
        remove_parts(connection, company_id, &gone).await?;
    }
    match Dialect::of(connection).0 {
        Database::Postgres => postgres::replace(connection, company_id, parts).await,
        Database::Sqlite => sqlite::replace(connection, company_id, parts).await,
    }
}

/// Removes notes with all their parts.
///
/// # Errors
/// If a statement fails.
pub async fn remove_notes(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    notes: &[NoteId],
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    match dialect.0 {
        // Its index is on the table itself.
        Database::Postgres => {}
        Database::Sqlite => sqlite::remove_words(connection, company_id, notes).await?,
    }
    for table in ["search_note", "search_part"] {
        let (is_one, notes) = dialect.one_of_parameter(2, notes.iter().copied());
        let sql = format!("DELETE FROM {table} WHERE company_id = $1 AND note_id {is_one}");
        connection.execute_raw(dialect.statement(sql, [company_id.into(), notes])).await?;
    }
    Ok(())
}

pub async fn remove_parts(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let mut values = vec![company_id.into()];
    let keys = dialect.row_list("k", part_keys(parts), &mut values);
    let sql = format!(
        "DELETE FROM search_part WHERE company_id = $1 AND (note_id, field, position) IN (SELECT {} FROM {})",
        keys.columns.join(", "),
        keys.table
    );
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
}
