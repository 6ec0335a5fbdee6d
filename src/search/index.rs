//! Writes the index, always in the transaction of the change that it reflects.
//!
//! Each token is prefixed with its company, so that the posting lists of the databases belong to one company each. The
//! company's number ends at the first [`SEPARATOR`](super::part::SEPARATOR), which no token contains.

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};
use serde_json::json;

use super::indexed::IndexedTexts;
use super::long_texts::LongTexts;
use super::note_words;
use super::part::Part;

/// Maximum number of rows per statement.
const ROWS: usize = 500;

/// Indexes new parts; of a new note, these must be all parts. Texts that are `known` are not tokenized again.
///
/// # Errors
/// When a statement fails.
pub async fn add(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[Part<'_>],
    known: &IndexedTexts,
) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    for some in parts.chunks(ROWS) {
        let texts = IndexedTexts::of(some, known, company_id, backend).await?;
        if backend == DatabaseBackend::Postgres {
            let (notes, values) = note_words::add_postgres(company_id, some, &texts);
            write_postgres(connection, company_id, some, &texts, &notes, values).await?;
        } else {
            write_sqlite(connection, company_id, some, &texts).await?;
            note_words::add_sqlite(connection, company_id, some, &texts).await?;
        }
    }
    Ok(())
}

/// Indexes parts that may have been indexed with other texts. Texts that are `known` are not tokenized again.
///
/// # Errors
/// When a statement fails.
pub async fn replace(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[Part<'_>],
    known: &IndexedTexts,
) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    for some in parts.chunks(ROWS) {
        let texts = IndexedTexts::of(some, known, company_id, backend).await?;
        let gone: Vec<Part> = some.iter().copied().filter(|part| stored(part, &texts).is_none()).collect();
        if !gone.is_empty() {
            remove(connection, company_id, &gone).await?;
        }
        if backend == DatabaseBackend::Postgres {
            let (notes, values) = note_words::renew_postgres(some);
            write_postgres(connection, company_id, some, &texts, &notes, values).await?;
        } else {
            write_sqlite(connection, company_id, some, &texts).await?;
            note_words::renew_sqlite(connection, company_id, some, &texts).await?;
        }
    }
    Ok(())
}

/// Removes all parts of notes from the index.
///
/// # Errors
/// When a statement fails.
pub async fn remove_notes(connection: &impl ConnectionTrait, company_id: i64, notes: &[i64]) -> Result<(), DbErr> {
    note_words::remove(connection, company_id, notes).await?;
    let backend = connection.get_database_backend();
    let (which, notes): (_, Value) = if backend == DatabaseBackend::Postgres {
        ("company_id = $1 AND note_id = ANY($2)", notes.to_vec().into())
    } else {
        ("company_id = ? AND note_id IN (SELECT value FROM json_each(?))", json!(notes).to_string().into())
    };
    let sql = format!("DELETE FROM search_part WHERE {which}");
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, [company_id.into(), notes])).await.map(drop)
}

/// The stored form of a part; `None` if it has no words.
fn stored<'t>(part: &Part<'_>, texts: &'t IndexedTexts) -> Option<&'t str> {
    texts.get(part)?.stored.as_deref()
}

async fn remove(connection: &impl ConnectionTrait, company_id: i64, parts: &[Part<'_>]) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let (keys, values) = if backend == DatabaseBackend::Postgres {
        ("company_id = $1 AND (note_id, field, position) IN (SELECT * FROM unnest($2, $3, $4))", columns(parts).into())
    } else {
        let key = |part: &Part<'_>| json!([part.note_id, part.field.number(), part.position]);
        let rows: serde_json::Value = parts.iter().map(key).collect();
        let keys = "company_id = ? AND (note_id, field, position) IN \
                    (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))";
        (keys, vec![rows.to_string().into()])
    };
    let values = std::iter::once(company_id.into()).chain(values);
    let sql = format!("DELETE FROM search_part WHERE {keys}");
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// The keys of parts, column by column.
fn columns(parts: &[Part<'_>]) -> [Value; 3] {
    [
        parts.iter().map(|part| part.note_id).collect::<Vec<i64>>().into(),
        parts.iter().map(|part| part.field.number()).collect::<Vec<i32>>().into(),
        parts.iter().map(|part| part.position).collect::<Vec<i32>>().into(),
    ]
}

/// The upsert clause for parts.
const OVER: &str = "ON CONFLICT (company_id, note_id, field, position) DO UPDATE SET words = excluded.words";

/// Writes the parts that have words; the same statement runs `notes`, which updates the words of their notes.
async fn write_postgres(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[Part<'_>],
    texts: &IndexedTexts,
    notes: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbErr> {
    let with_words = parts.iter().filter_map(|part| Some((*part, stored(part, texts)?.to_owned())));
    let (parts, words): (Vec<Part>, Vec<String>) = with_words.unzip();
    let sql = format!(
        "WITH new AS (SELECT note_id, field, position, words::tsvector AS words \
         FROM unnest($2, $3, $4, $5) AS given(note_id, field, position, words)), \
         part AS (INSERT INTO search_part (company_id, note_id, field, position, words) \
         SELECT $1, note_id, field, position, words FROM new {OVER}) {notes}"
    );
    let of_parts = columns(&parts).into_iter().chain([words.into()]);
    let values = std::iter::once(company_id.into()).chain(of_parts).chain(values);
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values);
    connection.execute_raw(statement).await.map(drop)
}

/// Writes the parts that have words.
async fn write_sqlite(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[Part<'_>],
    texts: &IndexedTexts,
) -> Result<(), DbErr> {
    let mut long = LongTexts::default();
    let mut rows = Vec::with_capacity(parts.len());
    for part in parts {
        if let Some(words) = stored(part, texts) {
            let [short, number] = long.in_row(Some(words));
            rows.push(json!([part.note_id, part.field.number(), part.position, short, number]));
        }
    }
    // Without WHERE, SQLite would parse ON as a join condition.
    let sql = format!(
        "INSERT INTO search_part (company_id, note_id, field, position, words) \
         SELECT ?1, k.value ->> 0, k.value ->> 1, k.value ->> 2, {} FROM json_each(?2) AS k WHERE true {OVER}",
        long.sql(3, 3)
    );
    let values = [company_id.into(), serde_json::Value::from(rows).to_string().into()].into_iter().chain(long.values());
    connection.execute_raw(Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, values)).await.map(drop)
}
