//! Different lists of one level are loaded over one connection.

use std::time::Duration;

use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use tokio::time::timeout;

use testkit::App;

/// Number of statements that wait for a lock on a table.
async fn waiting(app: &App, table: &str) -> i64 {
    let sql = format!(
        "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    );
    let row = app.db().read().query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Only `PostgreSQL` reports its activity; on `SQLite` each statement has its own connection.
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_one_level_share_one_connection() {
    let app = App::start().await;
    if app.db().backend() != DatabaseBackend::Postgres {
        return;
    }
    let acme = app.company("Acme").await;
    let (ann, cara) = (acme.user("ann").await, acme.customer("Cara").await);
    acme.note(|note| note.customer_id = Some(cara.id)).await;
    let client = ann.token(&[Scope::Read]).await;
    for (locked, lists) in [
        ("note", "a: notes(first: 2) { nodes { subject } } b: notes(first: 3) { nodes { subject } }"),
        ("note", "a: notes { totalCount } b: notes(filter: { priority: false }) { totalCount }"),
        // A search reads no messages; showing where a note matches does.
        (
            "message",
            "a: notes(search: \"note\") { edges { searchHit { snippet } } }
            b: notes(search: \"a\") { edges { searchHit { snippet } } }",
        ),
    ] {
        let lock = app.db().begin().await.unwrap();
        lock.execute_unprepared(&format!("LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE")).await.unwrap();
        let document = format!("{{ customers {{ nodes {{ {lists} }} }} }}");
        let asking = tokio::spawn({
            let client = client.clone();
            async move { client.query(&document).await.data().clone() }
        });
        let one = async {
            while waiting(&app, locked).await < 1 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(30), one).await.unwrap_or_else(|_| panic!("nothing waits: {lists}"));
        // Watch while the first statement waits: the other list would have taken another connection by now.
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert_eq!(waiting(&app, locked).await, 1, "{lists}");
            assert_eq!(app.db().connections_in_use(), 2, "one for the lock, one for the lists: {lists}");
        }
        lock.commit().await.unwrap();
        let answer = timeout(Duration::from_secs(30), asking).await.unwrap().unwrap();
        let lists = &answer["customers"]["nodes"][0];
        assert!(lists["a"].is_object() && lists["b"].is_object(), "{answer}");
    }
}
