//! Shares of the database: no token, whatever it requests, blocks another one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use notegraph::error::Error;
use notegraph::ids::{CompanyId, TokenId};
use notegraph::meter::{MemoryLimits, MemoryPool, Meter, OperationLimits};
use notegraph::scheduling::TokenKey;
use notegraph::store::db::{CancelOnDrop, CancelSignal, Db, OperationContext};
use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Statement};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use testkit::App;

/// Number of connections in a test, not counting those reserved for small reads.
const ALL: usize = 4;

fn share(token_id: i64, meter: Arc<Meter>) -> OperationContext {
    OperationContext {
        token: TokenKey::Token { company_id: CompanyId(1), token_id: TokenId(token_id) },
        meter,
        stop: CancelSignal::default(),
    }
}

fn endless(backend: DatabaseBackend) -> Statement {
    let sql = match backend {
        DatabaseBackend::Postgres => "SELECT CAST(pg_sleep(3600) AS text)",
        _ => "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
    };
    Statement::from_string(backend, sql)
}

fn one(backend: DatabaseBackend) -> Statement {
    Statement::from_string(backend, "SELECT 1")
}

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}

/// Runs statements that never end, each in an operation of its own.
fn run_endless(operation: impl Fn() -> Db, count: usize) -> Vec<JoinHandle<Result<Vec<QueryResult>, DbErr>>> {
    let one = |_| {
        let db = operation();
        tokio::spawn(async move { db.read().query_all_raw(endless(db.backend())).await })
    };
    (0..count).map(one).collect()
}

/// Number of sleeping statements that `PostgreSQL` is running.
async fn sleeping(app: &App) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg\\_sleep(3600)%' \
               AND pid <> pg_backend_pid()";
    let row = app.db().lookup().query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Asserts that nothing is running any more, and that every connection can be used.
async fn assert_free(app: &App) {
    until("the connections are free", async || app.db().connections_in_use() == 0).await;
    if app.db().backend() == DatabaseBackend::Postgres {
        assert_eq!(sleeping(app).await, 0, "cancelled here, and not in the database");
    }
    for _ in 0..3 * ALL {
        assert!(app.db().read().query_one_raw(one(app.db().backend())).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_all_its_connections_blocks_no_other() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    acme.note(|note| note.subject = Some("small".to_owned())).await;
    let (reader, writer) = (acme.user("ann").await, acme.user("bob").await);
    let (reader, writer) = (reader.token(&[Scope::Read]).await, writer.token(&[Scope::Write]).await);
    let running = run_endless(|| app.db().for_operation(share(-1, Meter::unlimited())), 20);
    until("it holds all", async || app.db().connections_in_use() >= ALL).await;
    for _ in 0..5 {
        let notes = timeout(Duration::from_secs(20), reader.query("{ notes { nodes { subject } } }")).await.unwrap();
        assert!(notes["notes"]["nodes"][0]["subject"].is_string());
        let made = timeout(
            Duration::from_secs(20),
            writer.query("mutation { noteCreate(input: { subject: \"s\" }) { note { id } } }"),
        );
        assert!(made.await.unwrap()["noteCreate"]["note"]["id"].is_string());
        let ready = reader.send(Request::get("/readyz").body(Body::empty()).unwrap());
        assert_eq!(timeout(Duration::from_secs(20), ready).await.unwrap().status, 200);
        assert!(app.db().connections_in_use() >= ALL, "it still holds them");
    }
    // All clients of the endless statements disconnect.
    running.iter().for_each(JoinHandle::abort);
    assert_free(&app).await;
}

/// A request with sixty equal counts holds no more connections than its token may; on `PostgreSQL`, one.
#[tokio::test(flavor = "multi_thread")]
async fn sixty_counts_of_one_request_do_not_delay_others() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    acme.note(|note| note.subject = Some("counted".to_owned())).await;
    let eve = acme.user("eve").await.token(&[Scope::Read]).await;
    let bob = acme.user("bob").await.token(&[Scope::Read]).await;
    let counts: Vec<String> = (0..60).map(|n| format!("a{n}: noteCounts(groupBy: STATUS) {{ key count }}")).collect();
    let document = format!("{{ {} }}", counts.join(" "));
    let lock = app.db().begin().await.unwrap();
    // SQLite has no locks that readers wait for, so the counts and the other query run concurrently there.
    let is_postgres = app.db().backend() == DatabaseBackend::Postgres;
    if is_postgres {
        lock.execute_unprepared("LOCK TABLE note IN ACCESS EXCLUSIVE MODE").await.unwrap();
    }
    let asking = tokio::spawn(async move { eve.query(&document).await });
    if is_postgres {
        until("it runs", async || app.db().connections_in_use() >= 2).await;
    }
    for _ in 0..5 {
        let found = timeout(Duration::from_secs(20), bob.query("{ customers { nodes { id } } }")).await.unwrap();
        assert!(found["customers"]["nodes"].is_array());
    }
    assert!(!is_postgres || app.db().connections_in_use() == 2, "one for the lock, one for the counts");
    lock.rollback().await.unwrap();
    let counted = asking.await.unwrap();
    assert!((0..60).all(|n| counted[format!("a{n}").as_str()][0]["count"] == 1), "{:?}", counted.body);
    assert_free(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_client_has_gone_is_cancelled_in_the_database() {
    let app = App::start().await;
    for _ in 0..3 {
        let stop = CancelOnDrop::default();
        let operation =
            || app.db().for_operation(OperationContext { stop: stop.signal(), ..share(1, Meter::unlimited()) });
        let (running, db) = (run_endless(operation, 3), operation());
        until("they run", async || app.db().connections_in_use() >= 3).await;
        drop(stop);
        for ended in running {
            assert!(matches!(Error::from(ended.await.unwrap().unwrap_err()), Error::Unavailable(_)));
        }
        assert_free(&app).await;
        assert!(db.read().query_one_raw(one(db.backend())).await.is_err(), "nothing is begun any more");
    }
    // The same over HTTP, where a disconnect drops the future of the request.
    if app.db().backend() == DatabaseBackend::Postgres {
        let eve = app.company("Acme").await.user("eve").await.token(&[Scope::Read]).await;
        let lock = app.db().begin().await.unwrap();
        lock.execute_unprepared("LOCK TABLE note IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let asking = tokio::spawn(async move { eve.query("{ notes { nodes { id } } }").await });
        until("it runs", async || app.db().connections_in_use() >= 2).await;
        asking.abort();
        until("it is cancelled", async || app.db().connections_in_use() == 1).await;
        lock.rollback().await.unwrap();
        assert_free(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_read_only_up_to_the_memory_limit() {
    let app = App::start().await;
    let sql = match app.db().backend() {
        DatabaseBackend::Postgres => "SELECT repeat('x', 10000) FROM generate_series(1, 100000)",
        _ => "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT printf('%.10000c', 'x') FROM c",
    };
    for _ in 0..3 {
        let memory = MemoryPool::new(MemoryLimits { process: 8 << 20, token: 4 << 20 });
        let meter = Meter::new(OperationLimits::UNLIMITED, memory.token(1));
        let db = app.db().for_operation(share(1, Arc::clone(&meter)));
        let error = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap_err();
        assert_eq!(Error::from(error).code(), "TOO_COMPLEX");
        let usage = meter.usage();
        assert!((4 << 20) - (1 << 20) < usage.row_bytes && usage.row_bytes < 5 << 20, "{usage:?}");
        assert!(usage.rows < 500, "{usage:?}");
        // The limit applies in a transaction, too.
        let transaction = db.begin().await.unwrap();
        let error = transaction.query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap_err();
        assert_eq!(Error::from(error).code(), "TOO_COMPLEX");
        transaction.rollback().await.unwrap();
        assert_free(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_time_of_an_operation_is_limited() {
    let app = App::start().await;
    let limits = OperationLimits { database: Duration::from_millis(400), ..OperationLimits::UNLIMITED };
    let meter = || Meter::new(limits, MemoryPool::new(MemoryLimits::UNLIMITED).token(1));
    for _ in 0..2 {
        let db = app.db().for_operation(share(1, meter()));
        let error = db.read().query_all_raw(endless(db.backend())).await.unwrap_err();
        assert_eq!(Error::from(error).code(), "TOO_COMPLEX");
        assert_free(&app).await;

        let measured = meter();
        let db = app.db().for_operation(share(1, Arc::clone(&measured)));
        let transaction = db.begin().await.unwrap();
        let error = transaction.query_one_raw(endless(db.backend())).await.unwrap_err();
        assert_eq!(Error::from(error).code(), "TOO_COMPLEX");
        drop(transaction);
        assert_free(&app).await;
        let usage = measured.usage();
        assert!(usage.database >= limits.database && (usage.steps > 0) == (db.backend() == DatabaseBackend::Sqlite));
    }
    if app.db().backend() == DatabaseBackend::Postgres {
        // Waiting for a lock does not count as work.
        let lock = app.db().begin().await.unwrap();
        lock.execute_unprepared("LOCK TABLE note IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let measured = meter();
        let waiting = tokio::spawn({
            let db = app.db().for_operation(share(1, Arc::clone(&measured)));
            async move { db.read().query_all_raw(Statement::from_string(db.backend(), "SELECT id FROM note")).await }
        });
        sleep(3 * limits.database).await;
        lock.rollback().await.unwrap();
        assert!(waiting.await.unwrap().is_ok(), "{:?}", measured.usage());
    }
}
