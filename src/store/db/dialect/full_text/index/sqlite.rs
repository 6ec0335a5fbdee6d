//! Writes the index on `SQLite`. The words of a note are a line in `search_note`, and are copied to the `FTS5` table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde_json::{Value as Json, json};

use super::long_texts::LongTexts;
use super::note_words::NoteWords;
use super::part::{IndexedPart, MESSAGE, UPSERT_PART, part_keys};
use crate::ids::{CompanyId, NoteId};
use crate::scheduling::offload::offload_at_once;
use crate::store::db::dialect::Dialect;
use crate::store::db::dialect::full_text::IndexedText;
use crate::store::db::dialect::full_text::sqlite::{line, words_of};
use crate::store::db::dialect::full_text::word::{MAX_WORDS, SEPARATOR};

pub async fn add(connection: &impl ConnectionTrait, company_id: CompanyId, parts: &[IndexedPart]) -> Result<(), DbErr> {
    write_parts(connection, company_id, parts).await?;
    let mut words = NoteWords::of(parts);
    let dialect = Dialect::of(connection);
    let (is_one, notes) = dialect.one_of_parameter(2, words.0.keys().copied());
    let sql = format!("SELECT note_id, words FROM search_note WHERE company_id = $1 AND note_id {is_one}");
    for row in connection.query_all_raw(dialect.statement(sql, [company_id.into(), notes])).await? {
        let known: Option<String> = row.try_get("", "words")?;
        words.add(row.try_get("", "note_id")?, known.as_deref().map(|line| words_of(line).map(str::to_owned)));
    }
    let alike = words.0.into_iter();
    let alike = alike.map(|(id, words)| (vec![id], words.map(|words| line(words.iter().map(String::as_str)))));
    // A note that waits has no words yet, and waits on.
    write_notes(connection, company_id, &alike.collect::<Vec<_>>(), "").await
}

pub async fn replace(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
) -> Result<(), DbErr> {
    write_parts(connection, company_id, parts).await?;
    let mut notes: BTreeMap<NoteId, NoteParts> = BTreeMap::new();
    for part in parts {
        notes.entry(part.note_id).or_default().changed.push(Arc::clone(&part.text));
    }
    let dialect = Dialect::of(connection);
    let (is_one, ids) = dialect.one_of_parameter(2, notes.keys().copied());
    let mut values = vec![company_id.into(), ids];
    let changed = dialect.row_list("k", part_keys(parts), &mut values);
    let sql = format!(
        "SELECT note_id, words FROM search_part WHERE company_id = $1 AND note_id {is_one} \
         AND (note_id, field, position) NOT IN (SELECT {} FROM {})",
        changed.columns.join(", "),
        changed.table
    );
    let rows = connection.query_all_raw(dialect.statement(sql, values)).await?;
    write_words(connection, company_id, notes, rows).await
}

pub async fn gather(connection: &impl ConnectionTrait, company_id: CompanyId, notes: &[NoteId]) -> Result<(), DbErr> {
    let parts = notes.iter().map(|note| (*note, NoteParts::default())).collect();
    let dialect = Dialect::of(connection);
    let (is_one, notes) = dialect.one_of_parameter(2, notes.iter().copied());
    let sql = format!(
        "SELECT note_id, kept_words AS words FROM search_note \
         WHERE company_id = $1 AND note_id {is_one} AND kept_words IS NOT NULL \
         UNION ALL \
         SELECT part.note_id, part.words FROM search_note CROSS JOIN search_part AS part \
         WHERE search_note.company_id = $1 AND search_note.note_id {is_one} \
         AND part.company_id = search_note.company_id AND part.note_id = search_note.note_id \
         AND (part.field, part.position) >= \
         (CASE WHEN search_note.kept_words IS NULL THEN 0 ELSE {MESSAGE} END, search_note.pending_from)"
    );
    let rows = connection.query_all_raw(dialect.statement(sql, [company_id.into(), notes])).await?;
    write_words(connection, company_id, parts, rows).await
}

/// Rebuilds the words of notes, from the changed parts of `notes`, and the others in `rows`.
async fn write_words(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    mut notes: BTreeMap<NoteId, NoteParts>,
    rows: Vec<QueryResult>,
) -> Result<(), DbErr> {
    // Threads may be long. A change of many notes gives them the same texts, so notes with the same parts are processed
    // and written once.
    let alike = offload_at_once(move || {
        for row in rows {
            notes.entry(row.try_get("", "note_id")?).or_default().unchanged.push(row.try_get("", "words")?);
        }
        let mut alike: HashMap<NoteParts, Vec<NoteId>> = HashMap::new();
        for (note, parts) in notes {
            alike.entry(parts).or_default().push(note);
        }
        Ok::<_, DbErr>(alike.into_iter().map(|(parts, notes)| (notes, parts.words())).collect::<Vec<_>>())
    });
    let alike = alike.await.map_err(|error| DbErr::Custom(error.to_string()))?;
    write_notes(connection, company_id, &alike?, ", kept_words = NULL, pending_from = NULL").await
}

/// Removes the words of notes from the `FTS5` table, which finds its rows by those of `search_note`.
pub async fn remove_words(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    notes: &[NoteId],
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let (is_one, notes) = dialect.one_of_parameter(2, notes.iter().copied());
    let sql = format!(
        "DELETE FROM search_word WHERE rowid IN \
         (SELECT id FROM search_note WHERE company_id = $1 AND note_id {is_one})"
    );
    connection.execute_raw(dialect.statement(sql, [company_id.into(), notes])).await.map(drop)
}

/// Writes the parts that have words.
pub async fn write_parts(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
) -> Result<(), DbErr> {
    let mut long = LongTexts::default();
    let mut rows = Vec::with_capacity(parts.len());
    for part in parts {
        if let Some(words) = part.text.stored.as_deref() {
            let [short, number] = long.in_row(Some(words));
            rows.push(json!([part.note_id, part.field, part.position, short, number]));
        }
    }
    // Without WHERE, SQLite would parse ON as a join condition.
    let sql = format!(
        "INSERT INTO search_part (company_id, note_id, field, position, words) \
         SELECT $1, k.value ->> 0, k.value ->> 1, k.value ->> 2, {} FROM json_each($2) AS k WHERE true {UPSERT_PART}",
        long.sql(3, 3)
    );
    let values = [company_id.into(), Json::from(rows).to_string().into()].into_iter().chain(long.values());
    connection.execute_raw(Dialect::of(connection).statement(sql, values)).await.map(drop)
}

/// Writes the words of notes, grouped by equal words: each group with its line of words, or none if there are too many.
/// `more` are assignments for notes that have a row.
async fn write_notes(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    alike: &[(Vec<NoteId>, Option<String>)],
    more: &str,
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let ids: Vec<NoteId> = alike.iter().flat_map(|(notes, _)| notes).copied().collect();
    remove_words(connection, company_id, &ids).await?;
    let mut long = LongTexts::default();
    let mut rows = Vec::with_capacity(alike.len());
    for (notes, words) in alike {
        let text = long.in_row(words.as_deref());
        rows.extend(notes.iter().map(|note| json!([note, text[0], text[1]])));
    }
    // Without WHERE, SQLite would parse ON as a join condition.
    let sql = format!(
        "INSERT INTO search_note (company_id, note_id, words) SELECT $1, k.value ->> 0, {} FROM json_each($2) AS k \
         WHERE true ON CONFLICT (company_id, note_id) DO UPDATE SET words = excluded.words{more}",
        long.sql(1, 3)
    );
    let values = [company_id.into(), Json::from(rows).to_string().into()].into_iter().chain(long.values());
    connection.execute_raw(dialect.statement(sql, values)).await?;
    let (is_one, ids) = dialect.one_of_parameter(2, ids);
    let sql = format!(
        "INSERT INTO search_word (rowid, words) SELECT id, replace(rtrim(words), ' ', $3) FROM search_note \
         WHERE company_id = $1 AND note_id {is_one} AND words IS NOT NULL"
    );
    let values: [Value; 3] = [company_id.into(), ids, format!(" {company_id}{SEPARATOR}").into()];
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
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
        let words: BTreeSet<&str> = changed.chain(self.unchanged.iter().flat_map(|line| words_of(line))).collect();
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
