//! Checks that the search index matches the texts.

use std::collections::BTreeMap;

use notegraph::backfill::{self, Backfill};
use notegraph::search::Gatherer;
use notegraph::store::PendingWords;
use notegraph::store::db::Db;
use notegraph::store::entity::derived as progress;
use sea_orm::{ActiveModelTrait, ActiveValue, ConnectionTrait, DatabaseBackend, Statement};

/// Company, note, field and position of a part (0 for the note as a whole), and its words.
type Row = ((i64, i64, i32, i32), Option<String>);

async fn rows(db: &Db) -> Vec<Row> {
    let words = if db.backend() == DatabaseBackend::Postgres { "words::text AS words" } else { "words" };
    let sql = format!(
        "SELECT company_id, note_id, field, position, {words} FROM search_part \
         UNION ALL SELECT company_id, note_id, 0, 0, {words} FROM search_note ORDER BY 1, 2, 3, 4"
    );
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    let row = |row: &sea_orm::QueryResult| {
        let number = |column| row.try_get::<i32>("", column).unwrap();
        let key = (row.try_get("", "company_id").unwrap(), row.try_get("", "note_id").unwrap());
        ((key.0, key.1, number("field"), number("position")), row.try_get("", "words").unwrap())
    };
    rows.iter().map(row).collect()
}

/// Fails if rebuilding the index changes it, once the words that wait are gathered. Returns the number of its parts.
pub async fn assert_search_index_is_current(db: &Db) -> usize {
    Gatherer { db: db.clone(), pending: PendingWords::default() }.gather_all().await.unwrap();
    let kept = rows(db).await;
    if db.backend() == DatabaseBackend::Sqlite {
        assert_words_are_known(db, &kept).await;
    }
    let transaction = db.begin().await.unwrap();
    let anew = progress::ActiveModel {
        name: ActiveValue::Unchanged(Backfill::Search.name().to_owned()),
        version: ActiveValue::Set(0),
        ..Default::default()
    };
    anew.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    backfill::catch_up(db).await.unwrap();
    assert_eq!(kept, rows(db).await);
    kept.iter().filter(|((.., field, _), _)| *field > 0).count()
}

/// Checks that `FTS5` finds each word in exactly those notes whose lines contain it.
async fn assert_words_are_known(db: &Db, kept: &[Row]) {
    let mut expected: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for ((company, note, ..), line) in kept.iter().filter(|((.., field, _), _)| *field == 0) {
        for word in line.iter().flat_map(|line| line.split_whitespace()) {
            expected.entry(format!("{company}_{word}")).or_default().push(*note);
        }
    }
    let known = "SELECT count(*) AS count FROM search_word WHERE search_word MATCH ?";
    let notes = "SELECT note_id FROM search_word CROSS JOIN search_note ON id = search_word.rowid \
                 WHERE search_word MATCH ? ORDER BY company_id, note_id";
    // A sample, if there are many.
    let step = 1 + expected.len() / 500;
    for (word, expected) in expected.into_iter().step_by(step) {
        let ask = |sql: &str| Statement::from_sql_and_values(db.backend(), sql, [format!("\"{word}\"").into()]);
        let found = db.read().query_all_raw(ask(notes)).await.unwrap();
        let found: Vec<i64> = found.iter().map(|row| row.try_get("", "note_id").unwrap()).collect();
        assert_eq!(found, expected, "{word}");
        let count: i64 = db.read().query_one_raw(ask(known)).await.unwrap().unwrap().try_get("", "count").unwrap();
        assert_eq!(count, i64::try_from(expected.len()).unwrap(), "{word} in rows that are gone");
    }
}
