//! A database that fails during an import, and concurrent changes.

use std::time::Duration;

use notegraph::cli::import::ImportArgs;
use notegraph::store::entity::note;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, Statement};
use testkit::Engine;
use tokio::time::sleep;

use super::{Exchange, brief, whole};

/// Records of which the first does not fit into the file, and the others do. The first is its own batch, as its ID
/// occurs twice. If there is no room for a statement of one row, `SQLite` rolls back the whole transaction; for one of
/// several rows only the statement.
fn too_large() -> String {
    let large = brief(1, &format!(r#","details":"{}""#, "x ".repeat(100_000)));
    let small = (1..20).map(|id| brief(id, ""));
    std::iter::once(large).chain(small).collect::<Vec<_>>().join("\n")
}

/// An import that continued after its transaction was rolled back would write, even in a dry run.
#[tokio::test]
async fn a_full_database_ends_an_import_and_a_dry_run_writes_nothing() {
    for dry_run in [true, false] {
        let exchange = Exchange::on(&Engine::Sqlite).await;
        let file = exchange.file("import", too_large());
        exchange.db.schema_connection().execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
        let ended = exchange.attempt(&ImportArgs { dry_run, ..exchange.args(&[&file]) }).await;
        assert_eq!(note::Entity::find().count(exchange.db.read()).await.unwrap(), 0);
        assert!(ended.as_ref().is_err_and(|error| error.contains("full")), "{ended:?}");
        assert!(exchange.rejects().is_empty(), "no record is to blame");
        exchange.db.schema_connection().execute_unprepared("PRAGMA max_page_count = 1000000").await.unwrap();
        let summary = exchange.run(&exchange.args(&[&file])).await;
        assert_eq!((summary.created, summary.skipped), (19, 1), "{summary}");
        assert_eq!(note::Entity::find().count(exchange.db.read()).await.unwrap(), 19);
    }
}

/// A change locks the note first and then writes the rows that depend on it. The import does so in the same order:
/// otherwise each would wait for the other.
#[tokio::test]
async fn an_import_locks_a_note_before_its_dependents() {
    let Some(postgres) = Engine::postgres() else { return };
    let exchange = Exchange::on(&postgres).await;
    exchange.import(whole(1)).await;
    let one = async |connection: &notegraph::store::db::Transaction, sql: &str| {
        connection.query_one_raw(Statement::from_string(exchange.db.backend(), sql)).await.unwrap()
    };
    let other = exchange.db.begin().await.unwrap();
    one(&other, "SELECT 1 FROM note WHERE id = 1 FOR UPDATE").await.unwrap();
    let meanwhile = async {
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while one(&other, waits).await.is_none() {
            sleep(Duration::from_millis(10)).await;
        }
        for table in ["search_note", "search_part"] {
            let sql = format!("SELECT 1 FROM {table} WHERE note_id = 1 FOR UPDATE NOWAIT");
            one(&other, &sql).await.unwrap();
        }
        other.commit().await.unwrap();
    };
    let edited = whole(1).replace("said:", "wrote:");
    let (summary, ()) = tokio::join!(exchange.update(edited), meanwhile);
    assert_eq!(summary.updated, 1, "{summary}");
}
