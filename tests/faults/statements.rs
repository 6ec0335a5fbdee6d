//! Statements that do not end.

use std::time::Duration;

use notegraph::db::{Db, Fault, Missing, Settings, connect};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};
use tokio::time::timeout;

use crate::run::Run;
use crate::support::{Database, Engine};

/// A database whose statements may take so long.
async fn open(database: &Database, milliseconds: u64) -> Db {
    let statement_timeout = Duration::from_millis(milliseconds);
    let settings = Settings { url: database.url().to_owned(), connections: 2, statement_timeout };
    connect(&settings, Missing::Refuse).await.unwrap()
}

fn statement(backend: DatabaseBackend, sql: &str) -> Statement {
    Statement::from_string(backend, sql)
}

fn endless(backend: DatabaseBackend) -> Statement {
    let sql = match backend {
        DatabaseBackend::Postgres => "SELECT pg_sleep(3600)",
        _ => "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
    };
    statement(backend, sql)
}

/// Runs a statement that does not end, and returns what that is told.
async fn ended(connection: &impl ConnectionTrait) -> DbErr {
    let endless = connection.query_one_raw(endless(connection.get_database_backend()));
    timeout(Duration::from_mins(1), endless).await.expect("it is not ended").unwrap_err()
}

/// It takes longer than a millisecond, anywhere.
fn long(backend: DatabaseBackend) -> Statement {
    let sql = match backend {
        DatabaseBackend::Postgres => "SELECT CAST(pg_sleep(0.1) AS text)",
        _ => "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT count(*) FROM c",
    };
    statement(backend, sql)
}

#[tokio::test]
async fn a_statement_that_does_not_end_is_ended() {
    let _run = Run::begin("endless statements").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let db = open(&database, 100).await;
    let backend = db.backend();
    // More often than there are connections: each can be used again.
    for _ in 0..5 {
        let error = ended(db.read()).await;
        assert_eq!(Fault::of(&error), Some(Fault::Busy), "{error}");
        assert!(db.read().query_one_raw(statement(backend, "SELECT 1")).await.unwrap().is_some());
    }
    for _ in 0..3 {
        let transaction = db.begin().await.unwrap();
        transaction.execute_unprepared("UPDATE company SET name = 'lost'").await.unwrap();
        let error = ended(&transaction).await;
        assert_eq!(Fault::of(&error), Some(Fault::Busy), "{error}");
        drop(transaction);
        let transaction = db.begin().await.unwrap();
        assert!(transaction.query_one_raw(statement(backend, "SELECT 1")).await.unwrap().is_some());
        transaction.commit().await.unwrap();
    }
    db.close().await.unwrap();
}

/// The limit is of each statement: what all of them take together, and what is done between them, does not count.
#[tokio::test]
async fn a_transaction_of_many_statements_is_not_ended() {
    let _run = Run::begin("many statements").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let db = open(&database, 2_000).await;
    let transaction = db.begin().await.unwrap();
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        assert!(transaction.query_one_raw(long(db.backend())).await.unwrap().is_some());
    }
    transaction.commit().await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn who_changes_tables_and_who_looks_for_long_is_not_hurried() {
    let _run = Run::begin("unhurried").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let db = open(&database, 1).await;
    let unhurried = db.begin_unhurried().await.unwrap();
    for _ in 0..2 {
        assert!(unhurried.query_one_raw(long(db.backend())).await.unwrap().is_some());
    }
    unhurried.commit().await.unwrap();
    // Whoever comes next is hurried again.
    let hurried = db.begin().await.unwrap();
    assert!(hurried.query_one_raw(long(db.backend())).await.is_err());
    drop(hurried);
    if db.backend() == DatabaseBackend::Sqlite {
        let look = db.look().await.unwrap();
        assert!(look.query_one_raw(long(db.backend())).await.unwrap().is_some());
        look.rollback().await.unwrap();
    }
    db.close().await.unwrap();
}
