//! Writes the index on `SQLite`. The words of a note are a line in `search_note`, and are copied to the `FTS5` table.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde_json::json;

use super::note_words::{MAX_WORDS, NoteWords};
use super::write::{IndexedPart, UPSERT_PART};
use crate::scheduling::offload::offload_at_once;
use crate::store::db::dialect::Dialect;
use crate::store::db::dialect::full_text::SEPARATOR;
use crate::store::db::dialect::full_text::sqlite::{line, words_of};

pub async fn add(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[IndexedPart<'_>],
    mut words: NoteWords,
) -> Result<(), DbErr> {
    write_parts(connection, company_id, parts).await?;
    let notes: Vec<i64> = words.0.keys().copied().collect();
    for row in words_in(connection, "search_note", company_id, &notes).await? {
        let known: Option<String> = row.try_get("", "words")?;
        words.add(row.try_get("", "note_id")?, known.as_deref().map(|line| words_of(line).map(str::to_owned)));
    }
    let alike = words.0.into_iter();
    let alike = alike.map(|(id, words)| (vec![id], words.map(|words| line(words.iter().map(String::as_str)))));
    write_notes(connection, company_id, &alike.collect::<Vec<_>>()).await
}

pub async fn replace(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[IndexedPart<'_>],
) -> Result<(), DbErr> {
    write_parts(connection, company_id, parts).await?;
    let notes: BTreeSet<i64> = parts.iter().map(|part| part.note_id).collect();
    let notes: Vec<i64> = notes.into_iter().collect();
    let rows = words_in(connection, "search_part", company_id, &notes).await?;
    let mut lines: BTreeMap<i64, Vec<String>> = notes.into_iter().map(|id| (id, Vec::new())).collect();
    // Threads may be long. A change of many notes gives them the same texts, so notes with the same lines are processed
    // and written once.
    let alike = offload_at_once(move || {
        for row in rows {
            lines.entry(row.try_get("", "note_id")?).or_default().push(row.try_get("", "words")?);
        }
        let mut notes: HashMap<Vec<String>, Vec<i64>> = HashMap::new();
        for (note, lines) in lines {
            notes.entry(lines).or_default().push(note);
        }
        Ok::<_, DbErr>(notes.into_iter().map(|(lines, notes)| (notes, merged(&lines))).collect::<Vec<_>>())
    });
    write_notes(connection, company_id, &alike.await??).await
}

/// Removes the words of notes from the `FTS5` table, which finds its rows by those of `search_note`.
pub async fn remove_words(connection: &impl ConnectionTrait, company_id: i64, notes: &[i64]) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let (is_one, notes) = dialect.one_of_parameter(2, notes.iter().copied());
    let sql = format!(
        "DELETE FROM search_word WHERE rowid IN \
         (SELECT id FROM search_note WHERE company_id = $1 AND note_id {is_one})"
    );
    connection.execute_raw(dialect.statement(sql, [company_id.into(), notes])).await.map(drop)
}

/// Writes the parts that have words.
async fn write_parts(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[IndexedPart<'_>],
) -> Result<(), DbErr> {
    // A text that occurs in many parts is sent once.
    let mut alike: BTreeMap<&str, Vec<(i64, i32, i32)>> = BTreeMap::new();
    for part in parts {
        if let Some(words) = part.words {
            alike.entry(words).or_default().push((part.note_id, part.field, part.position));
        }
    }
    let rows: serde_json::Value = alike.into_iter().map(|(words, keys)| json!([keys, words])).collect();
    // Without WHERE, SQLite would parse ON as a join condition.
    let sql = format!(
        "INSERT INTO search_part (company_id, note_id, field, position, words) \
         SELECT $1, k.value ->> 0, k.value ->> 1, k.value ->> 2, alike.value ->> 1 \
         FROM json_each($2) AS alike, json_each(alike.value, '$[0]') AS k WHERE true {UPSERT_PART}"
    );
    let values: [Value; 2] = [company_id.into(), rows.to_string().into()];
    connection.execute_raw(Dialect::of(connection).statement(sql, values)).await.map(drop)
}

/// The notes and words in the rows of a table that belong to some notes.
async fn words_in(
    connection: &impl ConnectionTrait,
    table: &str,
    company_id: i64,
    notes: &[i64],
) -> Result<Vec<QueryResult>, DbErr> {
    let dialect = Dialect::of(connection);
    let (is_one, notes) = dialect.one_of_parameter(2, notes.iter().copied());
    let sql = format!("SELECT note_id, words FROM {table} WHERE company_id = $1 AND note_id {is_one}");
    connection.query_all_raw(dialect.statement(sql, [company_id.into(), notes])).await
}

/// Writes the words of notes, grouped by equal words: each group with its line of words, or none if there are too many.
async fn write_notes(
    connection: &impl ConnectionTrait,
    company_id: i64,
    alike: &[(Vec<i64>, Option<String>)],
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let ids: Vec<i64> = alike.iter().flat_map(|(notes, _)| notes).copied().collect();
    remove_words(connection, company_id, &ids).await?;
    // Without WHERE, SQLite would parse ON as a join condition.
    let sql = "INSERT INTO search_note (company_id, note_id, words) \
               SELECT $1, k.value, alike.value ->> 1 FROM json_each($2) AS alike, json_each(alike.value, '$[0]') AS k \
               WHERE true ON CONFLICT (company_id, note_id) DO UPDATE SET words = excluded.words";
    let values: [Value; 2] = [company_id.into(), json!(alike).to_string().into()];
    connection.execute_raw(dialect.statement(sql, values)).await?;
    let (is_one, ids) = dialect.one_of_parameter(2, ids);
    let sql = format!(
        "INSERT INTO search_word (rowid, words) SELECT id, replace(rtrim(words), ' ', $3) FROM search_note \
         WHERE company_id = $1 AND note_id {is_one} AND words IS NOT NULL"
    );
    let values: [Value; 3] = [company_id.into(), ids, format!(" {company_id}{SEPARATOR}").into()];
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
}

/// Merges the words of lines into one line; `None` if there are too many.
fn merged(lines: &[String]) -> Option<String> {
    let words: BTreeSet<&str> = lines.iter().flat_map(|line| words_of(line)).collect();
    (words.len() <= MAX_WORDS).then(|| line(words))
}
