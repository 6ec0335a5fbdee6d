//! The server as a process: how it shuts down, how much memory it takes, and what it logs.

use std::path::Path;

use jsonwebtoken::Algorithm;
use notegraph::store::entity::token::Scope;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use testkit::process::{Process, post, program};
use testkit::{App, Client, Database, Engine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::identity::Pair;

async fn writer(app: &App) -> Client {
    app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await
}

fn create(client: &Client, subject: &str) -> Vec<u8> {
    let document = "mutation($s: String!) { noteCreate(input: { subject: $s }) { note { id } } }";
    post(client.token(), &json!({ "query": document, "variables": { "s": subject } }).to_string())
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_finishes_running_requests_and_exits_with_0() {
    let app = App::start().await;
    let client = writer(&app).await;
    // Debug builds are slow, and other tests run at the same time.
    let process = Process::serve(app.database_url(), &["--stop-delay", "0", "--stop-timeout", "30"]).await;
    // Blocks all writes of notes while it is open.
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
    // Once this is answered, the server has accepted all of them, because they came earlier on the same listener.
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

/// A size from a file about a process, in KiB.
#[cfg(target_os = "linux")]
fn size(id: u32, file: &str, name: &str) -> u64 {
    let sizes = std::fs::read_to_string(format!("/proc/{id}/{file}")).unwrap();
    let line = sizes.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The peak memory of a process, in KiB.
#[cfg(target_os = "linux")]
fn peak_memory(id: u32) -> u64 {
    size(id, "status", "VmHWM:")
}

/// The program's own pages do not count: the system shares them between processes and reads them again when needed.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_at_rest_takes_little_memory() {
    let app = App::start().await;
    let process = Process::serve(app.database_url(), &[]).await;
    assert!(process.exchange(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.contains(" 200 "));
    let id = process.id();
    assert_eq!(size(id, "smaps_rollup", "AnonHugePages:"), 0, "huge pages are switched off in the allocator");
    let own = size(id, "smaps_rollup", "Anonymous:");
    // More than twice what a debug build takes on either database.
    assert!(own < 16 << 10, "{own} KiB");
    let open =
        std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().filter_map(|file| file.unwrap().path().read_link().ok());
    let database = app.database_url().trim_start_matches("sqlite://").to_owned();
    let connections = open.filter(|file| file.as_os_str() == database.as_str()).count();
    // For migrations, the event log, the check whether there is a token, gathering words, and readiness; on PostgreSQL there
    // is no file.
    assert!(connections <= 6, "{connections} connections are open before the first request");
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
        // The limit is 2 MiB, which another test checks. This figure includes the buffers of the connection, and the
        // system may allocate memory in pages of 2 MiB.
        assert!(grown < 20 << 10, "{length}: {grown} KiB");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_log_line_of_a_request_tells_what_its_operation_cost() {
    let app = App::start().await;
    let client = writer(&app).await;
    let process = Process::serve(app.database_url(), &["--log-format", "json", "--stop-delay", "0"]).await;
    let query = post(client.token(), &json!({ "query": "{ notes { totalCount } }" }).to_string());
    assert!(process.exchange(&query).await.contains("\"totalCount\":0"));
    let unknown = post(client.token(), &json!({ "query": "{ unknown }" }).to_string());
    assert!(process.exchange(&unknown).await.contains("\"errors\""));
    process.exchange(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    process.terminate().await;
    let (_, log) = process.ended().await;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let answered: Vec<Value> = lines.filter(|line| line["message"] == "answered").collect();
    let of = |path: &str| -> Vec<(&Value, &Value)> {
        let of_path = answered.iter().filter(|line| line["span"]["path"] == path);
        of_path.map(|line| (&line["estimate"], &line["cost"])).collect()
    };
    let operations = of("/graphql");
    assert_eq!(operations.len(), 2, "{log}");
    assert!(operations.iter().all(|(estimate, cost)| estimate.as_u64() > Some(0) && cost.as_u64() > Some(0)), "{log}");
    assert_eq!(of("/livez"), [(&Value::Null, &Value::Null)], "{log}");
}

/// A telephone number that occurs nowhere else.
#[cfg(unix)]
const DIGITS: &str = "01709998887776";

/// Logs at the most verbose level, including all libraries.
#[cfg(unix)]
#[tokio::test]
async fn neither_secrets_nor_client_texts_are_logged() {
    let app = App::start().await;
    let canary = "canary-in-text";
    let acme = app.company("Acme").await;
    let ann = acme.user_with(canary, |user| {
        user.email = Some(format!("{canary}@example.com"));
        user.mobile_number = Some(DIGITS.to_owned());
    });
    let client = ann.await.token(&[Scope::Write, Scope::Admin]).await;
    acme.customer_with(canary, |customer| {
        customer.email = Some(format!("{canary}@example.com"));
        customer.phone_full = Some(DIGITS.to_owned());
    })
    .await;
    // The claims of an identity provider about the same user.
    let pair = Pair::new(Algorithm::ES256, "key-1");
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys.json");
    std::fs::write(&keys, json!({ "keys": [pair.public] }).to_string()).unwrap();
    let claims = json!({
        "iss": "https://idp.example", "aud": "notegraph", "exp": 4_000_000_000_u64, "sub": canary,
        "scope": "notes:read", "email": format!("{canary}@example.com"), "phone_number": DIGITS,
    });
    let web_token = pair.sign(&pair.header(), &claims);
    let process = Process::serve(
        app.database_url(),
        &[
            &["--log-filter", "trace", "--stop-delay", "0", "--jwks", keys.to_str().unwrap()],
            &["--jwt-issuer", "https://idp.example", "--jwt-audience", "notegraph", "--jwt-company", "Acme"][..],
            &["--jwt-user-field", "username", "--jwt-algorithm", "ES256"],
        ]
        .concat(),
    )
    .await;
    let query = "query Named($s: String!, $n: Int, $id: ID!) { note(id: $id) { id } \
                 notes(first: $n, filter: { subject: { contains: $s } }, search: $s) { nodes { subject } } \
                 customers(search: $s) { nodes { fullName } } }";
    let body = |document: &str, variables| json!({ "query": document, "variables": variables }).to_string();
    let people = "query($s: String!) { customers(search: $s) { nodes { fullName email phone { full } } }
        users(search: $s) { nodes { username email mobile { number } } } viewer { user { username email } } }";
    let upsert = "mutation($customers: [CustomerInput!]!, $users: [UserInput!]!) {
        customersUpsert(input: $customers) { customers { fullName } userErrors { code } }
        usersUpsert(input: $users) { users { fullName } userErrors { code } } }";
    let upserted = json!({
        "customers": [{ "externalKey": canary, "firstName": canary, "email": canary, "phone": { "number": DIGITS } }],
        "users": [{ "externalKey": canary, "username": format!("{canary} two"), "email": canary, "mobile": { "number": DIGITS } }],
    });
    let get = format!(
        "GET /graphql?query=%7B+__typename+%23{canary}%0A%7D&{canary}={canary} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nX-{canary}: {canary}\r\nCookie: {canary}\r\nX-Request-Id: {canary} odd\r\n\
         User-Agent: {canary}\r\n\r\n",
        client.token()
    );
    let requests = [
        create(&client, canary),
        post(client.token(), &body(query, json!({ "s": canary, "id": canary }))),
        post(client.token(), &body(&format!("{{ notes(search: \"{canary}\") {{ totalCount }} }}"), json!({}))),
        post(
            client.token(),
            &body(
                "mutation($i: NoteCreateInput!) { noteCreate(input: $i) { userErrors { code } } }",
                json!({ "i": { "customerId": canary, "tags": [canary], "details": canary } }),
            ),
        ),
        post(client.token(), &body(people, json!({ "s": canary }))),
        post(client.token(), &body(people, json!({ "s": DIGITS }))),
        post(client.token(), &body(upsert, upserted)),
        post(&web_token, &body(people, json!({ "s": canary }))),
        // Refused requests, one for each component that refuses.
        post(client.token(), &body(&format!("{{ {} }}", canary.replace('-', "_")), json!({}))),
        post(client.token(), &format!("{{\"{canary}\": ")),
        post(client.token(), &body(query, json!({ "s": [canary], "n": canary }))),
        post(&format!("{}{canary}", client.token()), &body(query, json!({}))),
        post(&format!("eyJhbGciOiJIUzI1NiJ9.{canary}.{canary}"), &body(query, json!({}))),
        get.into_bytes(),
    ];
    let mut statuses = Vec::new();
    for (number, request) in requests.into_iter().enumerate() {
        let answer = process.exchange(&request).await;
        assert!(![0, 2, 3, 4, 5, 6, 7].contains(&number) || !answer.contains("\"errors\""), "{number}: {answer}");
        assert!(
            ![4, 5, 7].contains(&number) || answer.contains(&format!("{canary}@example.com")),
            "{number}: {answer}"
        );
        statuses.push(answer.split(' ').nth(1).unwrap().to_owned());
    }
    let expected = ["200", "200", "200", "200", "200", "200", "200", "200", "200", "400", "200", "401", "401", "200"];
    assert_eq!(statuses, expected);
    // Errors of the database contain the statement that failed.
    app.db().schema_connection().execute_unprepared("ALTER TABLE message RENAME TO elsewhere").await.unwrap();
    app.db().schema_connection().execute_unprepared("ALTER TABLE note RENAME TO nowhere").await.unwrap();
    for request in [create(&client, canary), post(client.token(), &body(query, json!({ "s": canary, "id": canary })))] {
        assert!(process.exchange(&request).await.contains("INTERNAL"));
    }
    process.terminate().await;
    let (_, log) = process.ended().await;
    assert!(log.contains("DEBUG") && log.contains("a field failed"), "nothing was logged: {log}");
    assert_not_in(&log, &client, &web_token);
    let imported = imported(directory.path(), canary).await;
    assert!(imported.contains("INFO"), "nothing was logged: {imported}");
    assert_not_in(&imported, &client, &web_token);
}

/// The log of an import whose people carry the canary in all their fields.
#[cfg(unix)]
async fn imported(directory: &Path, canary: &str) -> String {
    let person = json!({
        "id": 7, "first_name": canary, "full_name": canary, "username": canary, "email": canary,
        "mobile_number": DIGITS, "mobile": { "full": DIGITS },
    });
    let note = json!({
        "id": 1, "created_on": "2020-01-02T03:04:05Z", "subject": canary, "details": canary, "tags": [canary],
        "customer": person, "user": person, "messages": [{ "message": canary, "posted_by": person }],
    });
    let file = directory.join("notes.jsonl");
    std::fs::write(&file, note.to_string()).unwrap();
    let database = Database::empty(&Engine::of_this_run()).await;
    let mut import = Command::new(program());
    import.args(["import", file.to_str().unwrap(), "--company", "Acme", "--log-filter", "trace"]);
    let output = import.env_clear().env("DATABASE_URL", database.url()).output().await.unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    log
}

#[cfg(unix)]
fn assert_not_in(log: &str, client: &Client, web_token: &str) {
    // The secret itself may contain the character that separates it.
    let secret = client.token().splitn(3, '_').nth(2).unwrap();
    for forbidden in
        ["canary-in-text", "canary_in_text", DIGITS, secret, "Bearer"].into_iter().chain(web_token.split('.'))
    {
        let found: Vec<&str> = log.lines().filter(|line| line.contains(forbidden)).take(5).collect();
        assert!(found.is_empty(), "{forbidden}: {found:#?}");
    }
}
