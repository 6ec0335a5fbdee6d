//! Notes whose words are gathered later: a change writes its parts and marks their notes. The words of a marked note are
//! null, as those of a note with too many words, so that a search reads its parts.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr};

use super::part::{IndexedPart, MESSAGE};
use super::write::remove_parts;
use super::{postgres, sqlite};
use crate::ids::{CompanyId, NoteId};
use crate::store::db::dialect::{Database, Dialect, ListColumn};

/// A note that waits for its words to be gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingNote {
    pub company_id: CompanyId,
    pub note_id: NoteId,
    /// Approximate number of parts that have to be read.
    pub parts: i64,
}

/// Adds new parts, and leaves the words of their notes to be gathered. Returns the number of these notes.
///
/// # Errors
/// If a statement fails.
pub async fn add_later(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
) -> Result<usize, DbErr> {
    // A message without words changes nothing; a new note needs a row.
    let parts: Vec<IndexedPart> =
        parts.iter().filter(|part| part.field != MESSAGE || part.text.stored.is_some()).cloned().collect();
    let mut notes = BTreeMap::new();
    for part in &parts {
        let position = if part.field == MESSAGE { part.position } else { 0 };
        let first = notes.entry(part.note_id).or_insert(position);
        *first = Ord::min(position, *first);
    }
    write_later(connection, company_id, &parts, notes).await
}

/// Replaces parts, or adds them, and leaves the words of their notes to be gathered. Returns the number of these notes.
///
/// # Errors
/// If a statement fails.
pub async fn replace_later(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
) -> Result<usize, DbErr> {
    let gone: Vec<IndexedPart> = parts.iter().filter(|part| part.text.stored.is_none()).cloned().collect();
    if !gone.is_empty() {
        remove_parts(connection, company_id, &gone).await?;
    }
    // All of them: the words of a part that was replaced may occur in no other.
    let notes = parts.iter().map(|part| (part.note_id, 0)).collect();
    write_later(connection, company_id, parts, notes).await
}

/// Writes parts, and marks notes, each with the position from which messages are to be gathered, or 0 for all parts.
async fn write_later(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
    notes: BTreeMap<NoteId, i32>,
) -> Result<usize, DbErr> {
    if notes.is_empty() {
        return Ok(0);
    }
    let count = notes.len();
    if parts.iter().any(|part| part.text.stored.is_some()) {
        match Dialect::of(connection).0 {
            Database::Postgres => postgres::write_parts(connection, company_id, parts).await?,
            Database::Sqlite => sqlite::write_parts(connection, company_id, parts).await?,
        }
    }
    mark(connection, company_id, notes).await?;
    Ok(count)
}

/// A note with too many words still has too many after an addition; so it is marked for a replacement only.
async fn mark(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    notes: BTreeMap<NoteId, i32>,
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    match dialect.0 {
        // Its index is on the table itself.
        Database::Postgres => {}
        Database::Sqlite => {
            let ids: Vec<NoteId> = notes.keys().copied().collect();
            sqlite::remove_words(connection, company_id, &ids).await?;
        }
    }
    let mut values = vec![company_id.into()];
    let (ids, positions) = notes.into_iter().unzip::<_, _, Vec<_>, _>();
    let columns = [("note_id", ListColumn::ids(ids)), ("pending_from", ListColumn::Ints(positions))];
    let marked = dialect.row_list("marked", columns, &mut values);
    // Without WHERE, SQLite would parse ON as a join condition.
    let sql = format!(
        "INSERT INTO search_note (company_id, note_id, pending_from) SELECT $1, {} FROM {} WHERE true \
         ON CONFLICT (company_id, note_id) DO UPDATE \
         SET kept_words = CASE WHEN excluded.pending_from > 0 THEN search_note.words END, \
         words = NULL, pending_from = excluded.pending_from \
         WHERE CASE WHEN excluded.pending_from > 0 THEN search_note.words IS NOT NULL \
         ELSE search_note.pending_from IS DISTINCT FROM 0 END",
        marked.columns.join(", "),
        marked.table
    );
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
}

/// Selects the next `count` notes that wait, after a note in the order of their keys, and locks them until the
/// transaction ends. Skips those that others have locked: another process gathers their words, or they are being
/// changed, and will wait again.
///
/// # Errors
/// If the statement fails.
pub async fn lock_pending(
    connection: &impl ConnectionTrait,
    after: (CompanyId, NoteId),
    count: u64,
) -> Result<Vec<PendingNote>, DbErr> {
    let column = |name: &'static str| Expr::col(("search_note", name));
    let parts = Expr::cust(
        r#"CASE WHEN "search_note"."kept_words" IS NULL THEN "note"."message_count" + 2
           ELSE "note"."message_count" - "search_note"."pending_from" + 1 END"#,
    );
    let mut pending = waiting();
    pending
        .columns([("search_note", "company_id"), ("search_note", "note_id")])
        .expr(parts.cast_as("bigint"))
        .inner_join(
            "note",
            column("company_id").equals(("note", "company_id")).and(column("note_id").equals(("note", "id"))),
        )
        .and_where(
            Expr::tuple([column("company_id"), column("note_id")])
                .gt(Expr::tuple([Expr::val(after.0), Expr::val(after.1)])),
        )
        .order_by(("search_note", "company_id"), Order::Asc)
        .order_by(("search_note", "note_id"), Order::Asc)
        .limit(count)
        .lock_with_tables_behavior(LockType::Update, ["search_note"], LockBehavior::SkipLocked);
    let rows = connection.query_all(&pending).await?;
    let note = |row: &sea_orm::QueryResult| {
        Ok(PendingNote {
            company_id: row.try_get_by_index(0)?,
            note_id: row.try_get_by_index(1)?,
            parts: row.try_get_by_index(2)?,
        })
    };
    rows.iter().map(note).collect()
}

/// Counts the notes that wait, up to a limit.
///
/// # Errors
/// If the statement fails.
pub async fn count_pending(connection: &impl ConnectionTrait, most: u64) -> Result<u64, DbErr> {
    let some = waiting().expr(Expr::cust("1")).limit(most).take();
    let count = Query::select().expr(Expr::cust("count(*)")).from_subquery(some, "waiting").take();
    let row = connection.query_one(&count).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

/// Selects the notes that wait, without columns.
fn waiting() -> SelectStatement {
    let is_pending = Expr::col(("search_note", "pending_from")).is_not_null();
    Query::select().from("search_note").and_where(is_pending).take()
}

/// Gathers the words of locked notes, which then wait no longer. Doing it twice changes nothing.
///
/// # Errors
/// If a statement fails.
pub async fn gather(connection: &impl ConnectionTrait, company_id: CompanyId, notes: &[NoteId]) -> Result<(), DbErr> {
    match Dialect::of(connection).0 {
        Database::Postgres => postgres::gather(connection, company_id, notes).await,
        Database::Sqlite => sqlite::gather(connection, company_id, notes).await,
    }
}
