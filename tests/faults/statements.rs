//! Statements that do not end.

use std::time::{Duration, Instant};

use notegraph::error::Error;
use notegraph::store::db::{DatabaseSettings, Db, DbFault, IfMissing, connect};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};
use testkit::{Database, Engine};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::run::Run;
use crate::whole::number;

/// Opens a database with this statement timeout.
async fn open(database: &Database, milliseconds: u64) -> Db {
    let statement_timeout = Duration::from_millis(milliseconds);
    let settings = DatabaseSettings { connections: 2, statement_timeout, ..DatabaseSettings::at(database.url()) };
    connect(&settings, IfMissing::Fail).await.unwrap()
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

/// Runs an endless statement and returns its error.
async fn ended(connection: &impl ConnectionTrait) -> DbErr {
    let endless = connection.query_one_raw(endless(connection.get_database_backend()));
    timeout(Duration::from_mins(1), endless).await.expect("it is not ended").unwrap_err()
}

/// A statement that takes longer than `time`, even if the machine becomes faster meanwhile.
async fn longer_than(time: Duration, db: &Db) -> Statement {
    if db.backend() == DatabaseBackend::Postgres {
        return statement(db.backend(), &format!("SELECT CAST(pg_sleep({}) AS text)", time.as_secs_f64() * 1.1));
    }
    let count = |most: f64| {
        let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x <";
        statement(db.backend(), &format!("{sql} {most}) SELECT count(*) FROM c"))
    };
    let start = Instant::now();
    db.execute_without_timeout(count(1e5)).await.unwrap();
    count((1e5 * 3.0 * time.as_secs_f64() / start.elapsed().as_secs_f64()).ceil())
}

/// A statement that takes some time, and far less than a second.
fn long(backend: DatabaseBackend) -> Statement {
    let sql = match backend {
        DatabaseBackend::Postgres => "SELECT CAST(pg_sleep(0.1) AS text)",
        _ => "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT count(*) FROM c",
    };
    statement(backend, sql)
}

#[tokio::test]
async fn an_endless_statement_is_cancelled() {
    let _run = Run::begin("endless statements").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    // The other statements here must end within this time, even on a busy machine.
    let db = open(&database, 1_000).await;
    let backend = db.backend();
    // More often than there are connections, so each is reused.
    for _ in 0..5 {
        let error = ended(db.read()).await;
        assert_eq!(DbFault::of(&error), Some(DbFault::Slow), "{error}");
        let told = breadth::Error::from(Error::from(error));
        assert!(told.message.contains("request less"), "trying again is not all that helps: {}", told.message);
        assert!(db.read().query_one_raw(statement(backend, "SELECT 1")).await.unwrap().is_some());
    }
    for _ in 0..3 {
        let transaction = db.begin().await.unwrap();
        transaction.execute_unprepared("UPDATE company SET name = 'lost'").await.unwrap();
        let error = ended(&transaction).await;
        assert_eq!(DbFault::of(&error), Some(DbFault::Slow), "{error}");
        drop(transaction);
        let transaction = db.begin().await.unwrap();
        assert!(transaction.query_one_raw(statement(backend, "SELECT 1")).await.unwrap().is_some());
        transaction.commit().await.unwrap();
    }
    db.close().await.unwrap();
}

/// The timeout applies to each statement, not to all of them together, nor to the time between them.
#[tokio::test]
async fn a_transaction_of_many_statements_is_not_cancelled() {
    let _run = Run::begin("many statements").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let limit = 5_000;
    let db = open(&database, limit).await;
    let transaction = db.begin().await.unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(limit + 1_000) {
        assert!(transaction.query_one_raw(long(db.backend())).await.unwrap().is_some());
    }
    transaction.commit().await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn migrations_and_long_snapshots_have_no_timeout() {
    let _run = Run::begin("unhurried").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let db = open(&database, 1_000).await;
    let long = longer_than(Duration::from_secs(1), &db).await;
    let unhurried = db.begin_without_timeout().await.unwrap();
    for _ in 0..2 {
        assert!(unhurried.query_one_raw(long.clone()).await.unwrap().is_some());
    }
    unhurried.commit().await.unwrap();
    db.execute_without_timeout(long.clone()).await.unwrap();
    // The next user of the connection has a timeout again.
    let hurried = db.begin().await.unwrap();
    ended(&hurried).await;
    drop(hurried);
    if db.backend() == DatabaseBackend::Sqlite {
        let look = db.read_snapshot().await.unwrap();
        assert!(look.query_one_raw(long).await.unwrap().is_some());
        look.rollback().await.unwrap();
    }
    db.close().await.unwrap();
}

/// A read whose client has disconnected does not block others, even with a single connection.
#[tokio::test]
async fn disconnecting_clients_lose_no_connection() {
    let _run = Run::begin("cancelled reads").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let settings = DatabaseSettings {
        connections: 1,
        statement_timeout: Duration::from_hours(1),
        ..DatabaseSettings::at(database.url())
    };
    let db = connect(&settings, IfMissing::Fail).await.unwrap();
    for _ in 0..3 {
        let read = db.read().query_one_raw(endless(db.backend()));
        assert!(timeout(Duration::from_millis(100), read).await.is_err());
        assert!(db.read().query_one_raw(statement(db.backend(), "SELECT 1")).await.unwrap().is_some());
    }
    if db.backend() == DatabaseBackend::Postgres {
        let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
                       AND query LIKE 'SELECT pg_sleep%'";
        let start = Instant::now();
        while number(&db, running).await > 0 {
            assert!(start.elapsed() < Duration::from_secs(10), "they run on");
            sleep(Duration::from_millis(10)).await;
        }
    }
    db.close().await.unwrap();
}

/// Another process writes for as long as `SQLite` waits; the first statement afterwards has its full time.
#[tokio::test]
async fn waiting_for_other_processes_does_not_count_as_statement_time() {
    let _run = Run::begin("the time after a wait").await;
    let database = Database::migrated(&Engine::Sqlite).await;
    let limit = Duration::from_secs(5);
    let db = open(&database, 5_000).await;
    let other = database.open().await;
    // Opens both connections before the lock is taken.
    db.begin().await.unwrap().rollback().await.unwrap();
    let held = other.begin().await.unwrap();
    let holding = async {
        sleep(limit / 4).await;
        held.rollback().await.unwrap();
    };
    let (transaction, ()) = tokio::join!(db.begin(), holding);
    let transaction = transaction.unwrap();
    let start = Instant::now();
    ended(&transaction).await;
    assert!(start.elapsed() > limit.mul_f64(0.9), "ended after {:?} of {limit:?}", start.elapsed());
    drop(transaction);
    db.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_snapshot_shows_the_moment_when_it_began() {
    let _run = Run::begin("a look").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let db = open(&database, 60_000).await;
    let look = db.read_snapshot().await.unwrap();
    let change = db.begin().await.unwrap();
    change
        .execute_unprepared("INSERT INTO company (id, name, created_on) VALUES (1, 'late', '2026-01-01 00:00:00')")
        .await
        .unwrap();
    change.commit().await.unwrap();
    let count = statement(db.backend(), "SELECT count(*) FROM company");
    let seen = look.query_one_raw(count).await.unwrap().unwrap();
    assert_eq!(seen.try_get_by_index::<i64>(0).unwrap(), 0);
    look.rollback().await.unwrap();
    db.close().await.unwrap();
}

/// A database that accepts connections and stays silent. (Time is simulated.)
#[tokio::test(start_paused = true)]
async fn connecting_to_a_silent_database_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://postgres@{}/notes", listener.local_addr().unwrap());
    let settings =
        DatabaseSettings { connections: 2, statement_timeout: Duration::from_mins(1), ..DatabaseSettings::at(url) };
    let connecting = timeout(Duration::from_hours(1), connect(&settings, IfMissing::Fail));
    let error = connecting.await.expect("it waits").unwrap_err().to_string();
    assert!(error.contains("no response"), "{error}");
}
