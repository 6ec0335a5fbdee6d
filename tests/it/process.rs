//! The server as a process: how it ends, what it costs, what it writes into its log.

use notegraph::entity::token::Scope;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::process::{Process, post};
use crate::support::{App, Client};

async fn writer(app: &App) -> Client {
    app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await
}

fn create(client: &Client, subject: &str) -> Vec<u8> {
    let document = "mutation($s: String!) { noteCreate(input: { subject: $s }) { note { id } } }";
    post(client.token(), &json!({ "query": document, "variables": { "s": subject } }).to_string())
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_lets_what_runs_end_and_ends_with_status_0() {
    let app = App::start().await;
    let client = writer(&app).await;
    let process = Process::serve(app.database_url(), &["--stop-delay", "0"]).await;
    // Nobody can write a note while this is open.
    let lock = app.db().begin().await.unwrap();
    if app.db().backend() == sea_orm::DatabaseBackend::Postgres {
        lock.execute_unprepared("LOCK TABLE note IN EXCLUSIVE MODE").await.unwrap();
    }
    let mut running = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(process.address).await.unwrap();
        stream.write_all(&create(&client, "in flight")).await.unwrap();
        running.push(stream);
    }
    // The server has taken all of them before: they came over the same listener.
    assert!(process.exchange(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.contains(" 200 "));
    process.terminate().await;
    while TcpStream::connect(process.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    lock.commit().await.unwrap();
    for mut stream in running {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""note":{"id":"#), "{answer}");
    }
    let (status, log) = process.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 50);
}

/// The most memory that a process has had, in KiB.
#[cfg(target_os = "linux")]
fn peak_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_hundred_megabytes_are_not_kept() {
    let app = App::start().await;
    let client = writer(&app).await;
    let process = Process::serve(app.database_url(), &[]).await;
    for _ in 0..20 {
        process.exchange(&create(&client, "warm")).await;
    }
    let before = peak_memory(process.id());
    for length in ["Content-Length: 104857600", "Transfer-Encoding: chunked"] {
        let head = String::from_utf8(post(client.token(), "")).unwrap().replace("Content-Length: 0", length);
        let (mut reading, mut writing) = TcpStream::connect(process.address).await.unwrap().into_split();
        let send = async {
            writing.write_all(head.as_bytes()).await.unwrap();
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
            for _ in 0..1600 {
                if writing.write_all(chunk.as_bytes()).await.is_err() {
                    return;
                }
            }
        };
        let mut answer = Vec::new();
        let receive = async { drop(reading.read_to_end(&mut answer).await) };
        tokio::join!(send, receive);
        assert!(answer.starts_with(b"HTTP/1.1 413 "), "{length}: {}", String::from_utf8_lossy(&answer));
        let grown = peak_memory(process.id()) - before;
        // The limit is 2 MiB, which another test counts. Here are the buffers of the connection, too, and the system
        // may give memory in pages of 2 MiB.
        assert!(grown < 20 << 10, "{length}: {grown} KiB");
    }
}

/// At the most talkative level, all libraries included.
#[cfg(unix)]
#[tokio::test]
async fn no_secret_and_nothing_that_anybody_wrote_gets_into_the_log() {
    let app = App::start().await;
    let client = writer(&app).await;
    let process = Process::serve(app.database_url(), &["--log-filter", "trace", "--stop-delay", "0"]).await;
    let canary = "canary-in-text";
    let query = "query Named($s: String!, $n: Int) { notes(first: $n, filter: { subject: { contains: $s } }, search: $s) \
                 { nodes { subject } } customers(search: $s) { nodes { fullName } } note(id: $s) { id } }";
    let body = |document: &str, variables| json!({ "query": document, "variables": variables }).to_string();
    let get = format!(
        "GET /graphql?query=%7B+__typename+%23{canary}%0A%7D&{canary}={canary} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nX-{canary}: {canary}\r\nCookie: {canary}\r\nX-Request-Id: {canary} odd\r\n\
         User-Agent: {canary}\r\n\r\n",
        client.token()
    );
    let requests = [
        create(&client, canary),
        post(client.token(), &body(query, json!({ "s": canary }))),
        post(client.token(), &body(&format!("{{ notes(search: \"{canary}\") {{ totalCount }} }}"), json!({}))),
        post(
            client.token(),
            &body(
                "mutation($i: NoteCreateInput!) { noteCreate(input: $i) { userErrors { code } } }",
                json!({ "i": { "customerId": canary, "tags": [canary], "details": canary } }),
            ),
        ),
        // What is refused, by each of those who refuse.
        post(client.token(), &body(&format!("{{ {} }}", canary.replace('-', "_")), json!({}))),
        post(client.token(), &format!("{{\"{canary}\": ")),
        post(client.token(), &body(query, json!({ "s": [canary], "n": canary }))),
        post(&format!("{}{canary}", client.token()), &body(query, json!({}))),
        post(&format!("eyJhbGciOiJIUzI1NiJ9.{canary}.{canary}"), &body(query, json!({}))),
        get.into_bytes(),
    ];
    let mut statuses = Vec::new();
    for request in requests {
        let answer = process.exchange(&request).await;
        statuses.push(answer.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(statuses, ["200", "200", "200", "200", "200", "400", "200", "401", "401", "200"]);
    // A database that fails tells what it failed at.
    app.db().schema_door().execute_unprepared("ALTER TABLE message RENAME TO elsewhere").await.unwrap();
    app.db().schema_door().execute_unprepared("ALTER TABLE note RENAME TO nowhere").await.unwrap();
    for request in [create(&client, canary), post(client.token(), &body(query, json!({ "s": canary })))] {
        assert!(process.exchange(&request).await.contains("INTERNAL"));
    }
    process.terminate().await;
    let (_, log) = process.ended().await;
    assert!(log.contains("DEBUG") && log.contains("a field failed"), "nothing was logged: {log}");
    let secret = client.token().rsplit_once('_').unwrap().1;
    for forbidden in [canary, "canary_in_text", secret, "Bearer"] {
        let found: Vec<&str> = log.lines().filter(|line| line.contains(forbidden)).take(5).collect();
        assert!(found.is_empty(), "{forbidden}: {found:#?}");
    }
}
