//! Reads and writes of a transaction that are sent together.

use notegraph::store::db::{Dialect, Transaction};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Value};
use testkit::{App, Engine};

const INSERT: &str = "INSERT INTO company (id, name, created_on) VALUES ($1, $2, '2026-01-01 00:00:00')";
const NAMES: &str = "SELECT name FROM company ORDER BY id";

async fn insert(connection: &impl ConnectionTrait, id: i64, name: &str) -> Result<(), DbErr> {
    let values: [Value; 2] = [id.into(), name.into()];
    connection.execute_raw(Dialect::of(connection).statement(INSERT, values)).await.map(drop)
}

async fn names(connection: &impl ConnectionTrait) -> Vec<String> {
    let rows = connection.query_all_raw(Dialect::of(connection).statement(NAMES, [])).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn begun(app: &App) -> Transaction {
    app.db().begin_with(app.db().reads()).await.unwrap().0
}

/// They are one statement on `PostgreSQL`, and rows may refer to rows of other writes.
#[tokio::test]
async fn writes_are_committed_together() {
    let app = App::start().await;
    let dialect = app.db().dialect();
    let transaction = begun(&app).await;
    let recording = app.record();
    insert(&transaction.writes(), 1, "first").await.unwrap();
    for (id, name) in [(1, "call"), (2, "visit")] {
        let sql = "INSERT INTO note_type (company_id, id, name, from_import) VALUES ($1, $2, $3, false)";
        let values: [Value; 3] = [1_i64.into(), id.into(), name.into()];
        transaction.writes().execute_raw(dialect.statement(sql, values)).await.unwrap();
    }
    insert(&transaction.writes(), 2, "second").await.unwrap();
    transaction.commit().await.unwrap();
    let statements = if app.db().backend() == DatabaseBackend::Postgres { 1 } else { 4 };
    assert_eq!(recording.count(), statements, "{:#?}", recording.sql());
    assert_eq!(names(app.db().read()).await, ["first", "second"]);
    let types = app.db().read().query_all_raw(dialect.statement("SELECT name FROM note_type WHERE id < 3", [])).await;
    assert_eq!(types.unwrap().len(), 2);
}

/// A statement with common table expressions is none itself, and sees what was written before it.
#[tokio::test]
async fn a_write_that_cannot_be_merged_keeps_its_place() {
    let app = App::start().await;
    let transaction = begun(&app).await;
    insert(&transaction.writes(), 1, "first").await.unwrap();
    insert(&transaction.writes(), 2, "second").await.unwrap();
    let renamed = "WITH old AS (SELECT id FROM company WHERE name = $1) \
                   UPDATE company SET name = $2 WHERE id IN (SELECT id FROM old)";
    let values = ["first", "third"].map(Value::from);
    transaction.writes().execute_raw(app.db().dialect().statement(renamed, values)).await.unwrap();
    insert(&transaction.writes(), 4, "fourth").await.unwrap();
    insert(&transaction.writes(), 5, "fifth").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(names(app.db().read()).await, ["third", "second", "fourth", "fifth"]);
}

#[tokio::test]
async fn a_read_comes_after_the_writes_before_it() {
    let app = App::start().await;
    let transaction = begun(&app).await;
    insert(&transaction.writes(), 1, "first").await.unwrap();
    assert_eq!(names(&transaction).await, ["first"]);
    insert(&transaction.writes(), 2, "second").await.unwrap();
    insert(&transaction, 3, "third").await.unwrap();
    let mut reads = transaction.reads();
    let asked = [(); 2].map(|()| reads.add_raw(app.db().dialect().statement(NAMES, [])));
    let mut answers = transaction.read(reads).await.unwrap();
    assert_eq!(asked.map(|asked| answers.take(asked).len()), [3, 3]);
    let nested = transaction.begin().await.unwrap();
    insert(&nested.writes(), 4, "fourth").await.unwrap();
    nested.rollback().await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(names(app.db().read()).await, ["first", "second", "third"]);
}

/// The server answers a `COMMIT` behind a refused write with a rollback, not with an error.
#[tokio::test]
async fn a_refused_write_fails_the_commit() {
    let app = App::start().await;
    for _ in 0..2 {
        let transaction = begun(&app).await;
        insert(&transaction.writes(), 1, "first").await.unwrap();
        let refused = insert(&transaction.writes(), 1, "again").await;
        let ended = insert(&transaction.writes(), 2, "second").await.and(refused);
        let ended = if ended.is_ok() { transaction.commit().await } else { ended };
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("duplicate key") || error.contains("UNIQUE"), "{error}");
        assert_eq!(names(app.db().read()).await, [""; 0]);
    }
    let transaction = begun(&app).await;
    insert(&transaction.writes(), 1, "first").await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(names(app.db().read()).await, [""; 0]);
}

/// A value that the driver cannot encode stays with the client, and so must the commit behind it.
#[tokio::test]
async fn a_write_that_cannot_be_sent_fails_the_commit() {
    let Some(engine) = Engine::postgres() else { return };
    let app = App::start_on(&engine).await;
    let transaction = begun(&app).await;
    insert(&transaction.writes(), 1, "first").await.unwrap();
    let values: [Value; 2] = [u64::MAX.into(), "second".into()];
    transaction.writes().execute_raw(app.db().dialect().statement(INSERT, values)).await.unwrap();
    transaction.commit().await.unwrap_err();
    assert_eq!(names(app.db().read()).await, [""; 0]);
}
