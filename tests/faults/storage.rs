//! A disk that is full or read-only.

use std::path::Path;
use std::time::{Duration, Instant};

use notegraph::store::db::{ConnectError, DatabaseSettings, IfMissing, connect};
use notegraph::store::entity::token::Scope;
use sea_orm::ConnectionTrait;
use serde_json::json;
use testkit::process::{Process, program};
use testkit::{App, Client, Database, Engine, Response};
use tokio::process::Command;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::load::Load;
use crate::mount::{self, SmallDisk};
use crate::run::{HEALED, Run};
use crate::site::Site;

/// Characters in the details of each note, so that a disk of a few MiB is soon full.
const LONG: usize = 20_000;
const LEFT_OUT: &str = "LEFT OUT: no file system can be mounted here, which root can where it is not forbidden to";

/// Writes, fills the disk until a writer gets the error, frees space, and waits until all writers succeed again.
async fn fill_and_clear(run: &Run, disk: &SmallDisk, process: &Process, token: &str) -> Load {
    let load = Load::start(run, process.address, token, 4, LONG);
    load.until_all_write().await;
    let filler = disk.fill();
    load.until_told("STORAGE_FULL").await;
    sleep(Duration::from_secs(1)).await;
    drop(filler);
    run.promised("healed", load.healed(Instant::now()).await, HEALED);
    load
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_reported_and_loses_nothing() {
    let run = Run::begin("a full disk").await;
    if !mount::is_permitted() {
        return run.say(LEFT_OUT);
    }
    if Engine::postgres().is_some() { on_postgres(&run).await } else { on_sqlite(&run).await }
}

/// The database is on the small disk, but not the server's log: a server without space for the log ends, and recovers
/// when there is some.
async fn on_postgres(run: &Run) {
    let cluster = Cluster::with_small_disk();
    let disk = cluster.small_disk.as_ref().unwrap();
    let door = sea_orm::Database::connect(cluster.url()).await.unwrap();
    let folder = cluster.small_folder();
    door.execute_unprepared(&format!("CREATE TABLESPACE small LOCATION '{}'", folder.display())).await.unwrap();
    door.execute_unprepared("CREATE DATABASE notes TABLESPACE small").await.unwrap();
    door.close().await.unwrap();
    let site = Site::at(&cluster.url_of("notes")).await;
    let process = Process::serve(&site.url, &["--stop-delay", "0"]).await;
    let load = fill_and_clear(run, disk, &process, &site.token).await;
    let known = site.end(run, load, process, &["STORAGE_FULL"]).await;
    site.assert_kept(&known).await;
}

async fn on_sqlite(run: &Run) {
    let folder = tempfile::tempdir().unwrap();
    let file = |folder: &Path| folder.join("notegraph.db");
    let site = Site::at(&format!("sqlite://{}", file(folder.path()).display())).await;
    let small = folder.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let disk = SmallDisk::mount(&small, 24, "root");
    std::fs::copy(file(folder.path()), file(&disk.outside())).unwrap();
    let mut command = Command::from(disk.command());
    command.arg(program());
    let url = format!("sqlite://{}", file(&small).display());
    let process = Process::serve_by(command, &url, &["--stop-delay", "0"]).await;
    let load = fill_and_clear(run, &disk, &process, &site.token).await;
    let known = site.end(run, load, process, &["STORAGE_FULL"]).await;
    // After the server has ended there is only one file.
    std::fs::copy(file(&disk.outside()), file(folder.path())).unwrap();
    site.assert_kept(&known).await;
}

/// As with a quota, the file can be written to but not grow. The limit is that of one running process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_grow_is_reported_and_loses_nothing() {
    let run = Run::begin("a file that cannot grow").await;
    let database = Database::migrated(&Engine::Sqlite).await;
    let site = Site::at(database.url()).await;
    let mut command = Command::new("sh");
    // The system kills a process that exceeds the limit, unless it ignores the signal.
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", program()]);
    let process = Process::serve_by(command, &site.url, &["--stop-delay", "0"]).await;
    let load = Load::start(&run, process.address, &site.token, 4, LONG);
    load.until_all_write().await;
    let limit = async |bytes: &str| {
        let id = process.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        assert!(Command::new("prlimit").args(["--pid", &id, &limit]).status().await.unwrap().success());
    };
    limit("100000").await;
    load.until_told("UNAVAILABLE").await;
    sleep(Duration::from_secs(1)).await;
    limit("unlimited").await;
    run.promised("healed", load.healed(Instant::now()).await, HEALED);
    let known = site.end(&run, load, process, &["UNAVAILABLE"]).await;
    site.assert_kept(&known).await;
}

#[tokio::test]
async fn a_read_only_file_system_is_refused_at_the_start() {
    let run = Run::begin("a read-only file system").await;
    if !mount::is_permitted() {
        return run.say(LEFT_OUT);
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("notegraph.db").display());
    Site::at(&url).await;
    let mut command = Command::from(mount::read_only(folder.path()));
    command.args([program(), "serve", "--listen", "127.0.0.1:0"]).env_clear().env("DATABASE_URL", &url);
    let output = command.kill_on_drop(true).output().await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    run.say(errors.lines().next().unwrap_or_default());
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.starts_with("error: cannot open the database"), "{errors}");
}

/// On a file system without shared memory, `SQLite` silently goes on without a write-ahead log.
#[tokio::test]
async fn a_file_without_durable_writes_is_refused() {
    let database = Database::migrated(&Engine::Sqlite).await;
    let settings = |url: String| DatabaseSettings {
        connections: 1,
        statement_timeout: Duration::from_mins(1),
        ..DatabaseSettings::at(url)
    };
    // This VFS keeps its locks in files next to the database, without shared memory.
    let folder = tempfile::tempdir().unwrap();
    let without = format!("sqlite://{}?vfs=unix-dotfile", folder.path().join("notegraph.db").display());
    let error = connect(&settings(without), IfMissing::Create).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unsafe(_)), "{error}");
    assert!(error.to_string().contains("journal_mode"), "{error}");
    let db = connect(&settings(database.url().to_owned()), IfMissing::Fail).await.unwrap();
    db.close().await.unwrap();
}

/// A client of a server in this process, whose only write connection can be made to fail.
async fn writer() -> (App, Client) {
    let app = App::start_on(&Engine::Sqlite).await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    (app, client)
}

async fn create(client: &Client, subject: &str) -> Response {
    let document = "mutation($s: String!) { noteCreate(input: { subject: $s }) { note { id } } }";
    client.query_with(document, json!({ "s": subject })).await
}

/// `SQLite` rolls the transaction back by itself, which the library does not notice: it would acknowledge later writes
/// on this connection, but never commit them.
#[tokio::test]
async fn a_database_at_its_page_limit_is_full_and_recovers() {
    let (app, client) = writer().await;
    let mut made = 0;
    for _ in 0..3 {
        app.db().schema_connection().execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
        let full = loop {
            let answer = create(&client, &"x".repeat(1_000)).await;
            if answer.status != 200 {
                break answer;
            }
            made += 1;
        };
        assert_eq!((full.status, full.codes()), (507, vec!["STORAGE_FULL"]), "{full:?}");
        assert_eq!(full.headers.get("retry-after"), None, "asking again would not help");
        // The limit was one of the connection, which is not used again.
        assert!(create(&client, "room").await["noteCreate"]["note"]["id"].is_string());
        made += 1;
        assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], made, "not committed");
    }
}

/// Earlier changes must not be repeated, so the status does not suggest a retry.
#[tokio::test]
async fn a_failure_after_a_committed_mutation_does_not_invite_a_retry() {
    let (app, client) = writer().await;
    // Leaves space in the file for a small note, but not for a large one.
    let made = create(&client, "gone").await;
    let (id, room) = (&made["noteCreate"]["note"]["id"], "x ".repeat(20_000));
    let patch = "mutation($id: ID!, $d: String!) { notePatch(input: { id: $id, patch: { details: $d } }) { userErrors { code } } }";
    client.query_with(patch, json!({ "id": id, "d": room })).await.data();
    let delete = "mutation($id: ID!) { noteDelete(input: { id: $id }) { deletedNoteId } }";
    client.query_with(delete, json!({ "id": id })).await.data();
    app.db().schema_connection().execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    let one = |name: &str, subject: &str, details: &str| {
        format!("{name}: noteCreate(input: {{ subject: \"{subject}\", details: {details} }}) {{ note {{ id }} }}")
    };
    let document = format!("mutation($d: String!) {{ {} {} }}", one("a", "made", "null"), one("b", "not made", "$d"));
    let large = json!({ "d": "y".repeat(249_000) });
    let answer = client.query_with(&document, large.clone()).await;
    assert_eq!((answer.status, answer.codes()), (200, vec!["STORAGE_FULL"]), "{answer:?}");
    assert_eq!((&answer.body["data"]["b"], answer.headers.get("retry-after")), (&json!(null), None));
    assert!(answer.body["data"]["a"]["note"]["id"].is_string(), "the answer to what was made is there: {answer:?}");
    let subjects = client.query("{ notes { nodes { subject } } }").await;
    assert_eq!(subjects.data()["notes"]["nodes"], json!([{ "subject": "made" }]));
    // If nothing was changed, the status is that of the error.
    let document = format!("mutation($d: String!) {{ {} }}", one("b", "not made", "$d"));
    app.db().schema_connection().execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    let answer = client.query_with(&document, large).await;
    assert_eq!((answer.status, answer.codes()), (507, vec!["STORAGE_FULL"]), "{answer:?}");
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 1);
}

#[tokio::test]
async fn a_read_only_connection_is_replaced_before_a_mutation_fails() {
    let (app, client) = writer().await;
    app.db().schema_connection().execute_unprepared("PRAGMA query_only = on").await.unwrap();
    assert!(create(&client, "yes").await["noteCreate"]["note"]["id"].is_string());
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 1);
}
