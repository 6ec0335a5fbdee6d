//! Invariants of a database, whatever broke during writes.

use notegraph::store::db::Db;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use testkit::assert_search_index_is_current;

/// Fails if a change was made by half: a note without its event, a version without its change, a message that the note
/// does not count, a text that cannot be found. Assumes that only subject and details of notes were patched.
pub async fn assert_whole(db: &Db) {
    for (what, sql) in [
        (
            "notes that were not made once",
            "SELECT count(*) FROM note n WHERE 1 <> (SELECT count(*) FROM event e \
             WHERE e.company_id = n.company_id AND e.note_id = n.id AND e.type = 'created')",
        ),
        (
            "events of notes that are not there",
            "SELECT count(*) FROM event e WHERE NOT EXISTS (SELECT 1 FROM note n \
             WHERE e.company_id = n.company_id AND e.note_id = n.id)",
        ),
        (
            "versions without their change",
            "SELECT count(*) FROM note n WHERE n.version - 1 <> (SELECT count(*) FROM event e \
             WHERE e.company_id = n.company_id AND e.note_id = n.id AND e.type = 'updated')",
        ),
        (
            "messages that are not counted",
            "SELECT count(*) FROM note n WHERE n.message_count <> (SELECT count(*) FROM message m \
             WHERE m.company_id = n.company_id AND m.note_id = n.id)",
        ),
        (
            "messages without their event",
            "SELECT count(*) FROM message m WHERE 1 <> (SELECT count(*) FROM event e \
             WHERE e.company_id = m.company_id AND e.message_id = m.id AND e.type = 'message_posted')",
        ),
        (
            "messages out of their place",
            "SELECT count(*) FROM message m WHERE m.position > (SELECT n.message_count FROM note n \
             WHERE n.company_id = m.company_id AND n.id = m.note_id)",
        ),
        (
            "details that are not their subject's",
            "SELECT count(*) FROM note WHERE details NOT LIKE 'About ' || subject || '%'",
        ),
    ] {
        assert_eq!(number(db, sql).await, 0, "{what}");
    }
    if db.backend() == DatabaseBackend::Sqlite {
        let sql = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
        assert_eq!(number(db, sql).await, 1, "the file is damaged");
        assert_eq!(number(db, "SELECT count(*) FROM pragma_foreign_key_check").await, 0, "links into nowhere");
    }
    assert_search_index_is_current(db).await;
}

/// The single number that a statement returns.
pub async fn number(db: &Db, sql: &str) -> i64 {
    let row = db.read().query_one_raw(Statement::from_string(db.backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// The texts that a statement returns.
pub async fn texts(db: &Db, sql: &str) -> Vec<String> {
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
