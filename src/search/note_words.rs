//! Writes the words of a note, of all its parts together. The databases index these: one index lookup finds the notes
//! for a search of several words, and each note has one row.
//!
//! Each note has a row, even without any words.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Statement};
use serde_json::{Value as Json, json};

use super::indexed::{IndexedText, IndexedTexts, MAX_WORDS};
use super::long_texts::LongTexts;
use super::part::{GAP, Part, SEPARATOR};
use crate::scheduling::offload::offload_at_once;

/// The words of notes, by key; `None` if a note has too many.
type Words = BTreeMap<i64, Option<BTreeSet<String>>>;

/// Adds the words of parts to those of their notes, on `SQLite`.
pub async fn add_sqlite(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[Part<'_>],
    texts: &IndexedTexts,
) -> Result<(), DbErr> {
    let mut words = of_parts(parts, texts);
    let sql =
        "SELECT note_id, words FROM search_note WHERE company_id = ? AND note_id IN (SELECT value FROM json_each(?))";
    for row in of_notes(connection, sql, company_id, words.keys()).await? {
        let id = row.try_get("", "note_id")?;
        match row.try_get::<Option<String>>("", "words")? {
            Some(line) => extend(&mut words, id, of_line(&line).map(str::to_owned)),
            None => drop(words.insert(id, None)),
        }
    }
    let alike =
        words.into_iter().map(|(id, words)| (vec![id], words.map(|words| line(words.iter().map(String::as_str)))));
    write_sqlite(connection, company_id, &alike.collect::<Vec<_>>()).await
}

/// Rebuilds the words of notes some of whose parts have changed, on `SQLite`: those of the changed parts from their
/// texts, those of the others from the index.
pub async fn renew_sqlite(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[Part<'_>],
    texts: &IndexedTexts,
) -> Result<(), DbErr> {
    let mut notes: BTreeMap<i64, NoteParts> = BTreeMap::new();
    for part in parts {
        notes.entry(part.note_id).or_default().changed.extend(texts.get(part).cloned());
    }
    let sql = "SELECT note_id, words FROM search_part WHERE company_id = ?1 \
               AND note_id IN (SELECT value FROM json_each(?2)) AND (note_id, field, position) NOT IN \
               (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?3))";
    let changed: Json = parts.iter().map(|part| json!([part.note_id, part.field.number(), part.position])).collect();
    let ids: Json = notes.keys().copied().collect();
    let values: [Value; 3] = [company_id.into(), ids.to_string().into(), changed.to_string().into()];
    let rows = connection.query_all_raw(Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, values)).await?;
    // Threads may be long. A change of many notes gives them the same texts, so notes with the same parts are processed
    // and written once.
    let alike = offload_at_once(move || {
        for row in rows {
            notes.entry(row.try_get("", "note_id")?).or_default().unchanged.push(row.try_get("", "words")?);
        }
        let mut alike: HashMap<NoteParts, Vec<i64>> = HashMap::new();
        for (note, parts) in notes {
            alike.entry(parts).or_default().push(note);
        }
        Ok::<_, DbErr>(alike.into_iter().map(|(parts, notes)| (notes, parts.words())).collect::<Vec<_>>())
    });
    let alike = alike.await.map_err(|error| DbErr::Custom(error.to_string()))?;
    write_sqlite(connection, company_id, &alike?).await
}

/// The parts of a note whose words are rebuilt.
#[derive(Default)]
struct NoteParts {
    changed: Vec<Arc<IndexedText>>,
    /// The words of the other parts, in their stored form.
    unchanged: Vec<String>,
}

impl NoteParts {
    /// Equal for notes with the same words. A text was tokenized once, so its address identifies it.
    fn key(&self) -> (Vec<*const IndexedText>, &[String]) {
        (self.changed.iter().map(Arc::as_ptr).collect(), &self.unchanged)
    }

    /// The words of the note as one line; `None` if there are too many.
    fn words(&self) -> Option<String> {
        let sets = self.changed.iter().map(|text| text.words.as_ref()).collect::<Option<Vec<_>>>()?;
        let changed = sets.into_iter().flatten().map(String::as_str);
        // Collecting is fast where most words come sorted, as those of one long text do.
        let words: BTreeSet<&str> = changed.chain(self.unchanged.iter().flat_map(|line| of_line(line))).collect();
        (words.len() <= MAX_WORDS).then(|| line(words))
    }
}

impl PartialEq for NoteParts {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for NoteParts {}

impl Hash for NoteParts {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// The end of a statement on `PostgreSQL` that adds the words of parts to those of their notes. It follows `WITH part
/// AS`, which writes the parts in the same round trip. `$1` is the company, the other values are from `$6` on.
pub fn add_postgres(company_id: i64, parts: &[Part<'_>], texts: &IndexedTexts) -> (String, [Value; 3]) {
    // Too many words are null, and the concatenation with null is null.
    let sql = format!(
        "INSERT INTO search_note (company_id, note_id, words) \
         SELECT $1, note_id, CASE WHEN NOT is_full THEN words::tsvector END \
         FROM unnest($6, $7, $8) AS made(note_id, is_full, words) \
         ON CONFLICT (company_id, note_id) DO UPDATE SET words = \
         CASE WHEN length(search_note.words || excluded.words) <= {MAX_WORDS} THEN search_note.words || excluded.words END"
    );
    let (mut ids, mut full, mut vectors) = (Vec::new(), Vec::new(), Vec::new());
    for (id, words) in of_parts(parts, texts) {
        ids.push(id);
        full.push(words.is_none());
        let mut vector = String::new();
        for word in words.into_iter().flatten() {
            // Writing to a String does not fail.
            let _ = write!(vector, "'{company_id}{SEPARATOR}{word}' ");
        }
        vectors.push(vector);
    }
    (sql, [ids.into(), full.into(), vectors.into()])
}

/// The same, but it rebuilds the words of notes. The statement sees the parts as they were before it, so the changed
/// parts are taken from `new`.
pub fn renew_postgres(parts: &[Part<'_>]) -> (String, [Value; 1]) {
    let sql = format!(
        "INSERT INTO search_note (company_id, note_id, words) \
         SELECT $1, note_id, CASE WHEN cardinality(words) <= {MAX_WORDS} THEN array_to_tsvector(words) END \
         FROM unnest($6) AS changed(note_id) CROSS JOIN LATERAL ( \
             SELECT coalesce(array_agg(DISTINCT lexeme), ARRAY[]::text[]) AS words FROM ( \
                 SELECT words FROM new WHERE new.note_id = changed.note_id \
                 UNION ALL \
                 SELECT words FROM search_part AS old WHERE old.company_id = $1 AND old.note_id = changed.note_id \
                 AND NOT EXISTS (SELECT FROM new WHERE new.note_id = old.note_id AND new.field = old.field \
                 AND new.position = old.position) \
             ) AS every CROSS JOIN unnest(every.words)) AS made \
         ON CONFLICT (company_id, note_id) DO UPDATE SET words = excluded.words"
    );
    let notes: BTreeSet<i64> = parts.iter().map(|part| part.note_id).collect();
    (sql, [notes.into_iter().collect::<Vec<i64>>().into()])
}

/// Removes the words of notes.
pub async fn remove(connection: &impl ConnectionTrait, company_id: i64, notes: &[i64]) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    if backend == DatabaseBackend::Postgres {
        let values: [Value; 2] = [company_id.into(), notes.to_vec().into()];
        let sql = "DELETE FROM search_note WHERE company_id = $1 AND note_id = ANY($2)";
        return connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop);
    }
    let notes = json!(notes).to_string();
    forget_sqlite(connection, company_id, &notes).await?;
    let sql = "DELETE FROM search_note WHERE company_id = ? AND note_id IN (SELECT value FROM json_each(?))";
    let values: [Value; 2] = [company_id.into(), notes.into()];
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

fn of_parts(parts: &[Part<'_>], texts: &IndexedTexts) -> Words {
    let mut words = Words::new();
    for part in parts {
        match texts.get(part).and_then(|text| text.words.as_ref()) {
            Some(more) => extend(&mut words, part.note_id, more.iter().cloned()),
            None => drop(words.insert(part.note_id, None)),
        }
    }
    words
}

fn extend(words: &mut Words, note_id: i64, more: impl Iterator<Item = String>) {
    let of_note = words.entry(note_id).or_insert_with(|| Some(BTreeSet::new()));
    if let Some(known) = of_note {
        known.extend(more);
        if known.len() > MAX_WORDS {
            *of_note = None;
        }
    }
}

async fn of_notes<'n>(
    connection: &impl ConnectionTrait,
    sql: &str,
    company_id: i64,
    notes: impl IntoIterator<Item = &'n i64>,
) -> Result<Vec<QueryResult>, DbErr> {
    let notes: Json = notes.into_iter().copied().collect();
    let values: [Value; 2] = [company_id.into(), notes.to_string().into()];
    connection.query_all_raw(Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, values)).await
}

/// Removes notes, given as a JSON array, from the `FTS5` table.
async fn forget_sqlite(connection: &impl ConnectionTrait, company_id: i64, notes: &str) -> Result<(), DbErr> {
    let sql = "DELETE FROM search_word WHERE rowid IN (SELECT id FROM search_note WHERE company_id = ? \
               AND note_id IN (SELECT value FROM json_each(?)))";
    let values: [Value; 2] = [company_id.into(), notes.into()];
    connection.execute_raw(Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, values)).await.map(drop)
}

/// Writes the words of notes, grouped by equal words: each group with its line of words, or none if there are too many.
async fn write_sqlite(
    connection: &impl ConnectionTrait,
    company_id: i64,
    alike: &[(Vec<i64>, Option<String>)],
) -> Result<(), DbErr> {
    let backend = DatabaseBackend::Sqlite;
    let ids: Json = alike.iter().flat_map(|(notes, _)| notes).copied().collect();
    forget_sqlite(connection, company_id, &ids.to_string()).await?;
    let mut long = LongTexts::default();
    let mut rows = Vec::with_capacity(alike.len());
    for (notes, words) in alike {
        let text = long.in_row(words.as_deref());
        rows.extend(notes.iter().map(|note| json!([note, text[0], text[1]])));
    }
    // Without WHERE, SQLite would parse ON as a join condition.
    let sql = format!(
        "INSERT INTO search_note (company_id, note_id, words) SELECT ?1, k.value ->> 0, {} FROM json_each(?2) AS k \
         WHERE true ON CONFLICT (company_id, note_id) DO UPDATE SET words = excluded.words",
        long.sql(1, 3)
    );
    let values = [company_id.into(), Json::from(rows).to_string().into()].into_iter().chain(long.values());
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let sql = "INSERT INTO search_word (rowid, words) SELECT id, replace(rtrim(words), ' ', ?) FROM search_note \
               WHERE company_id = ? AND note_id IN (SELECT value FROM json_each(?)) AND words IS NOT NULL";
    let values: [Value; 3] = [format!(" {company_id}{SEPARATOR}").into(), company_id.into(), ids.to_string().into()];
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

fn of_line(line: &str) -> impl Iterator<Item = &str> {
    line.split_ascii_whitespace().filter(|word| *word != GAP)
}

/// A line of words, with a blank before and after each.
fn line<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().fold(String::from(" "), |mut line, word| {
        line.push_str(word);
        line.push(' ');
        line
    })
}
