//! Clients that disconnect while their change is made.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use notegraph::http::{ConnectionLimits, HttpSettings, RateLimit, ServerTimeouts, router, serve};
use notegraph::schema;
use notegraph::store::db::Db;
use notegraph::store::entity::token::Scope;
use sea_orm::DatabaseBackend;
use sea_orm::sqlx::{Connection, Pool, Sqlite};
use serde_json::{Value, json};
use testkit::{App, Client, Random};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::run::Run;
use crate::whole::{assert_whole, number, texts};
use crate::wire::Wire;

const UNLIMITED: RateLimit = RateLimit { operations: 100_000, budget: 1 << 50, refill: 1 << 50 };
/// Number of clients that are connected at the same time.
const AT_ONCE: u64 = 50;
/// One of this many clients waits for its response, so that some changes are known to be made.
const PATIENT: u64 = 10;
/// If nothing has happened for this long, nothing is running any more.
const QUIET: Duration = Duration::from_millis(500);

/// Changes two notes together.
const PATCH: &str = "mutation($ids: [ID!]!, $subject: String!, $details: String!) {
    notesPatch(input: { ids: $ids, patch: { subject: $subject, details: $details } }) { changedCount } }";
const POST: &str = "mutation($id: ID!, $text: String!) {
    noteMessagePost(input: { noteId: $id, message: $text }) { message { id } } }";
const CREATE: &str = "mutation($subject: String!, $details: String!) {
    noteCreate(input: { subject: $subject, details: $details, tags: [\"a\", \"b\"] }) { note { id } } }";

/// Starts a server on a socket of this process, so that the test can inspect its connection pools.
async fn listen(app: &App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings =
        HttpSettings { address_rate_limit: UNLIMITED, token_rate_limit: UNLIMITED, ..HttpSettings::default() };
    let router = router(app.context().clone(), schema::build(), &settings);
    tokio::spawn(serve(
        listener,
        router,
        std::future::pending(),
        ServerTimeouts::default(),
        ConnectionLimits::default(),
    ));
    address
}

/// The changes that the clients know to be made.
#[derive(Default)]
struct Acknowledged {
    created: HashSet<String>,
    posted: HashSet<String>,
    hung_up: u64,
}

/// Makes one change with a client that waits for the response no longer than `patience`. Returns what it has written,
/// if it got the response.
async fn change(
    address: SocketAddr,
    client: &Client,
    pair: &Value,
    name: String,
    random: &mut Random,
    patience: Duration,
) -> Option<Text> {
    let details = format!("About {name}");
    let (document, variables, text) = match random.below(3) {
        0 => (CREATE, json!({ "subject": name, "details": details }), Text::Created(name)),
        1 => (POST, json!({ "id": pair[0], "text": name }), Text::Posted(name)),
        _ => (PATCH, json!({ "ids": pair, "subject": name, "details": details }), Text::Patched),
    };
    let mut wire = Wire::connect(address, client.token()).await.unwrap();
    wire.send(document, variables).await.unwrap();
    let answer = timeout(patience, wire.answer()).await.ok()?.unwrap();
    assert!(answer.data().is_some(), "{answer:?}");
    Some(text)
}

enum Text {
    Created(String),
    Posted(String),
    Patched,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn disconnecting_clients_lose_nothing_and_leave_nothing_behind() {
    let run = Run::begin("clients that hang up").await;
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    let address = listen(&app).await;
    let mut pair = Vec::new();
    for _ in 0..2 {
        let made = client.query_with(CREATE, json!({ "subject": "pair", "details": "About pair" })).await;
        pair.push(made["noteCreate"]["note"]["id"].clone());
    }
    let (pair, client) = (Arc::new(Value::from(pair)), Arc::new(client));

    let mut known = Acknowledged::default();
    let enough = run.times(1_000, 20_000);
    for round in 0.. {
        if known.hung_up >= enough {
            break;
        }
        assert!(round * AT_ONCE < enough * 20, "{} of {} have hung up", known.hung_up, round * AT_ONCE);
        let clients = (0..AT_ONCE).map(|n| {
            let (pair, client) = (Arc::clone(&pair), Arc::clone(&client));
            let mut random = run.random(round * AT_ONCE + n);
            let patience = match n % PATIENT {
                0 => Duration::from_mins(1),
                _ => Duration::from_micros(random.below(5_000) as u64),
            };
            let name = format!("{round}-{n}");
            tokio::spawn(async move { change(address, &client, &pair, name, &mut random, patience).await })
        });
        for text in join_all(clients).await {
            match text.unwrap() {
                Some(Text::Created(name)) => drop(known.created.insert(name)),
                Some(Text::Posted(name)) => drop(known.posted.insert(name)),
                Some(Text::Patched) => {}
                None => known.hung_up += 1,
            }
        }
    }
    run.promised("the pool whole after the last change", until_whole(app.db()).await, Duration::from_secs(1));

    let notes = texts(app.db(), "SELECT subject FROM note").await;
    let created: HashSet<String> = notes.iter().cloned().collect();
    assert!(known.created.is_subset(&created), "lost: {:?}", known.created.difference(&created));
    let messages = texts(app.db(), "SELECT message FROM message").await;
    let posted: HashSet<String> = messages.iter().cloned().collect();
    assert!(known.posted.is_subset(&posted), "lost: {:?}", known.posted.difference(&posted));
    assert_eq!(posted.len(), messages.len(), "posted twice");
    let of_pair = format!(
        "SELECT count(DISTINCT version) + count(DISTINCT subject) FROM note WHERE id IN ({}, {})",
        key(&pair[0]),
        key(&pair[1])
    );
    assert_eq!(number(app.db(), &of_pair).await, 2, "half a change");
    assert_whole(app.db()).await;
    run.say(format_args!(
        "{} hung up, {} + {} changes known to be done, {} + {} done",
        known.hung_up,
        known.created.len(),
        known.posted.len(),
        notes.len(),
        messages.len()
    ));
    assert!(known.created.len() + known.posted.len() > 0, "nothing was done");
}

/// The number in an ID.
fn key(id: &Value) -> &str {
    id.as_str().unwrap().trim_start_matches("Note:")
}

/// Waits until all connections are available at the same time and in no transaction. Returns how long that took after
/// the last change.
async fn until_whole(db: &Db) -> Duration {
    let start = Instant::now();
    let (mut changes, mut last, mut whole) = (0, start, None);
    loop {
        let now = number(db, "SELECT count(*) FROM event").await;
        if now != changes {
            (changes, last) = (now, Instant::now());
        }
        // A change in progress has no connection between two of its transactions.
        whole = if is_whole(db).await { Some(whole.unwrap_or_else(Instant::now)) } else { None };
        if let Some(since) = whole
            && since.elapsed() > QUIET
            && last.elapsed() > QUIET
        {
            return since.saturating_duration_since(last);
        }
        assert!(start.elapsed() < Duration::from_mins(2), "connections are held, though nobody asks");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn is_whole(db: &Db) -> bool {
    if db.backend() == DatabaseBackend::Postgres {
        let in_transaction = "SELECT count(*) FROM pg_stat_activity \
                              WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        if number(db, in_transaction).await > 0 {
            return false;
        }
    }
    // Read connections of SQLite have no transactions. Each of these pools has one connection.
    let can_be_had = db.write_connections().map(async |door| all_can_be_had(door.get_sqlite_connection_pool()).await);
    join_all(can_be_had).await.into_iter().all(|can_be_had| can_be_had) && all_turns_can_be_had(db).await
}

/// Checks that the maximum number of transactions can be open at the same time.
async fn all_turns_can_be_had(db: &Db) -> bool {
    let most = if db.backend() == DatabaseBackend::Postgres { 4 } else { 1 };
    let begun = join_all((0..most).map(|_| timeout(Duration::from_secs(5), db.begin()))).await;
    begun.into_iter().all(|begun| begun.is_ok_and(|transaction| transaction.is_ok()))
}

async fn all_can_be_had(pool: &Pool<Sqlite>) -> bool {
    let mut held = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        let Ok(connection) = timeout(Duration::from_secs(1), pool.acquire()).await else { return false };
        held.push(connection.unwrap());
    }
    held.iter().all(|connection| !connection.is_in_transaction())
}
