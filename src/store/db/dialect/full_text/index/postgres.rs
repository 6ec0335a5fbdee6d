//! Writes the index on `PostgreSQL`: parts and words of notes in one statement, since each is a round trip.

use std::collections::BTreeSet;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DbErr};

use super::note_words::NoteWords;
use super::part::{IndexedPart, MESSAGE, UPSERT_PART, part_keys};
use crate::ids::{CompanyId, NoteId};
use crate::store::db::dialect::full_text::postgres::vector_of_words;
use crate::store::db::dialect::full_text::word::MAX_WORDS;
use crate::store::db::dialect::{Dialect, ListColumn};

pub async fn add(connection: &impl ConnectionTrait, company_id: CompanyId, parts: &[IndexedPart]) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let (with, mut values) = with_parts(dialect, company_id, parts);
    let (mut ids, mut full, mut vectors) = (Vec::new(), Vec::new(), Vec::new());
    for (id, words) in NoteWords::of(parts).0 {
        ids.push(id);
        full.push(words.is_none());
        vectors.push(vector_of_words(company_id, words.into_iter().flatten()));
    }
    let columns = [
        ("note_id", ListColumn::ids(ids)),
        ("is_full", ListColumn::Flags(full)),
        ("words", ListColumn::Texts(vectors)),
    ];
    let made = dialect.row_list("made", columns, &mut values).table;
    // Too many words are null, and the concatenation with null is null.
    let sql = format!(
        "{with} INSERT INTO search_note (company_id, note_id, words) \
         SELECT $1, note_id, CASE WHEN NOT is_full THEN words::tsvector END FROM {made} \
         ON CONFLICT (company_id, note_id) DO UPDATE SET words = \
         CASE WHEN length(search_note.words || excluded.words) <= {MAX_WORDS} THEN search_note.words || excluded.words END"
    );
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
}

/// The statement sees the parts as they were before it, so the changed parts are taken from `new`.
pub async fn replace(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let (with, mut values) = with_parts(dialect, company_id, parts);
    let notes: BTreeSet<NoteId> = parts.iter().map(|part| part.note_id).collect();
    let notes = [("note_id", ListColumn::ids(notes))];
    let changed = dialect.row_list("changed", notes, &mut values).table;
    let sql = format!(
        "{with} INSERT INTO search_note (company_id, note_id, words) \
         SELECT $1, note_id, CASE WHEN cardinality(words) <= {MAX_WORDS} THEN array_to_tsvector(words) END \
         FROM {changed} CROSS JOIN LATERAL ( \
             SELECT coalesce(array_agg(DISTINCT lexeme), ARRAY[]::text[]) AS words FROM ( \
                 SELECT words FROM new WHERE new.note_id = changed.note_id \
                 UNION ALL \
                 SELECT words FROM search_part AS old WHERE old.company_id = $1 AND old.note_id = changed.note_id \
                 AND NOT EXISTS (SELECT FROM new WHERE new.note_id = old.note_id AND new.field = old.field \
                 AND new.position = old.position) \
             ) AS every CROSS JOIN unnest(every.words)) AS made \
         ON CONFLICT (company_id, note_id) DO UPDATE \
         SET words = excluded.words, kept_words = NULL, pending_from = NULL"
    );
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
}

/// Writes the parts that have words.
pub async fn write_parts(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    parts: &[IndexedPart],
) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let (given, values) = given_parts(dialect, company_id, parts);
    let sql = format!(
        "INSERT INTO search_part (company_id, note_id, field, position, words) \
         SELECT $1, note_id, field, position, words::tsvector FROM {given} {UPSERT_PART}"
    );
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
}

/// The parts are read as they are when this statement begins, after their notes were locked.
pub async fn gather(connection: &impl ConnectionTrait, company_id: CompanyId, notes: &[NoteId]) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let (is_one, notes) = dialect.one_of_parameter(2, notes.iter().copied());
    let sql = format!(
        "UPDATE search_note SET kept_words = NULL, pending_from = NULL, words = ( \
             SELECT CASE WHEN cardinality(made.words) <= {MAX_WORDS} THEN array_to_tsvector(made.words) END FROM ( \
                 SELECT coalesce(array_agg(word), ARRAY[]::text[]) AS words FROM ( \
                     SELECT DISTINCT word FROM ( \
                         SELECT unnest(tsvector_to_array(search_note.kept_words)) AS word \
                         UNION ALL \
                         SELECT unnest(tsvector_to_array(part.words)) FROM search_part AS part \
                         WHERE part.company_id = search_note.company_id AND part.note_id = search_note.note_id \
                         AND (part.field, part.position) >= \
                         (CASE WHEN search_note.kept_words IS NULL THEN 0 ELSE {MESSAGE} END, search_note.pending_from) \
                     ) AS every LIMIT {MAX_WORDS} + 1 \
                 ) AS gathered \
             ) AS made) \
         WHERE company_id = $1 AND note_id {is_one}"
    );
    connection.execute_raw(dialect.statement(sql, [company_id.into(), notes])).await.map(drop)
}

/// The beginning of a statement that writes the parts that have words: `new` are these parts. `$1` is the company.
fn with_parts(dialect: Dialect, company_id: CompanyId, parts: &[IndexedPart]) -> (String, Vec<Value>) {
    let (given, values) = given_parts(dialect, company_id, parts);
    let sql = format!(
        "WITH new AS (SELECT note_id, field, position, words::tsvector AS words FROM {given}), \
         part AS (INSERT INTO search_part (company_id, note_id, field, position, words) \
         SELECT $1, note_id, field, position, words FROM new {UPSERT_PART})"
    );
    (sql, values)
}

/// The parts that have words, as a table `given`, and its values behind the company, which is `$1`.
fn given_parts(dialect: Dialect, company_id: CompanyId, parts: &[IndexedPart]) -> (String, Vec<Value>) {
    let (parts, words): (Vec<IndexedPart>, Vec<String>) =
        parts.iter().filter_map(|part| Some((part.clone(), part.text.stored.clone()?))).unzip();
    let mut values = vec![company_id.into()];
    let [note_id, field, position] = part_keys(&parts);
    let columns = [note_id, field, position, ("words", ListColumn::Texts(words))];
    let given = dialect.row_list("given", columns, &mut values).table;
    (given, values)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::db::dialect::full_text::IndexedText;

    #[test]
    fn only_parts_with_words_are_written() {
        let part = |note_id, words: &[&str]| {
            let words = words.iter().map(|word| Some((*word).to_owned())).collect();
            let text = Arc::new(IndexedText::new(words, CompanyId(7), Dialect::POSTGRES));
            IndexedPart { note_id: NoteId(note_id), field: 1, position: 0, text }
        };
        let (sql, values) = with_parts(Dialect::POSTGRES, CompanyId(7), &[part(1, &[]), part(2, &["a"])]);
        assert!(sql.contains("unnest($2, $3, $4, $5) AS given(note_id, field, position, words)"), "{sql}");
        let expected: [Value; 5] = [
            7_i64.into(),
            vec![2_i64].into(),
            vec![1_i32].into(),
            vec![0_i32].into(),
            vec!["'7_a':1 ".to_owned()].into(),
        ];
        assert_eq!(values, expected);
    }
}
