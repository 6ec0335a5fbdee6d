//! Backups of the database, and databases restored from them.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

use notegraph::cli::backup::{self, BackupArgs};
use notegraph::cli::settings::DatabaseArgs;
use notegraph::store::db::TokenConnections;
use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use testkit::{App, Client, Contents, Engine};

const NOTES: &str =
    "{ notes(first: 100) { totalCount nodes { id subject version messages { totalCount nodes { message } } } } }";

async fn run_backup(database: &str, file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notegraph"));
    command.arg("backup").arg(file).env_clear().env("DATABASE_URL", database).kill_on_drop(true);
    command.output().await.unwrap()
}

#[track_caller]
fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn target() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    (folder, file)
}

async fn writer(app: &App) -> Client {
    app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await
}

async fn create(client: &Client, subject: &str) -> Value {
    let document = "mutation($s: String!) { noteCreate(input: { subject: $s }) { note { id } } }";
    client.query_with(document, json!({ "s": subject })).await["noteCreate"]["note"]["id"].clone()
}

#[tokio::test]
async fn a_backup_restores_the_data() {
    let app = App::start_on(&Engine::Sqlite).await;
    let client = writer(&app).await;
    let id = create(&client, "kept").await;
    let post = "mutation($id: ID!) { noteMessagePost(input: { noteId: $id, message: \"kept, too\" }) { note { id } } }";
    client.query_with(post, json!({ "id": id })).await.data();
    let before = client.query(NOTES).await.data().clone();
    let contents = Contents::read(&app).await;

    let (_folder, file) = target();
    let done = run_backup(app.database_url(), &file).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).contains("copy.db"));
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
    let delete = "mutation($id: ID!) { noteDelete(input: { id: $id }) { deletedNoteId } }";
    assert_eq!(client.query_with(delete, json!({ "id": id })).await.data()["noteDelete"]["deletedNoteId"], id);
    create(&client, "lost").await;

    let restored = App::restored(&file).await;
    assert_eq!(Contents::read(&restored).await, contents);
    // The copy contains the token, too.
    let client = Client::new(&restored, Some(client.token().to_owned()));
    assert_eq!(client.query(NOTES).await.data(), &before);
    assert_eq!(client.query("{ notes(search: \"kept\") { totalCount } }").await["notes"]["totalCount"], 1);
    assert_ne!(create(&client, "after").await, id, "ids go on where they were");
}

/// A transaction creates each note with its event; the copy has either both or neither.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_writes_is_a_consistent_snapshot() {
    let app = App::start_on(&Engine::Sqlite).await;
    let client = writer(&app).await;
    create(&client, "first").await;
    let stop = AtomicBool::new(false);
    let write = async {
        let mut count = 1;
        while !stop.load(Ordering::Relaxed) {
            create(&client, "more").await;
            count += 1;
        }
        count
    };
    let copies = async {
        let mut folders = Vec::new();
        for _ in 0..3 {
            let (folder, file) = target();
            let done = run_backup(app.database_url(), &file).await;
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            folders.push((folder, file));
        }
        stop.store(true, Ordering::Relaxed);
        folders
    };
    let (written, copies) = tokio::join!(write, copies);
    let mut last = 0;
    for (_folder, file) in copies {
        let restored = App::restored(&file).await;
        let number = async |sql: &str| -> i64 {
            let statement = Statement::from_string(restored.db().backend(), sql);
            restored.db().read().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
        };
        let notes = number("SELECT count(*) FROM note").await;
        assert_eq!(number("SELECT count(*) FROM event").await, notes);
        assert_eq!(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'").await, 1);
        assert!((last..=written).contains(&notes) && notes > 0, "{notes} of {written}, after {last}");
        last = notes;
    }
}

/// With a timeout of 0 no statement may take any time, except the one that copies, however large the database is.
#[tokio::test]
async fn a_backup_has_no_statement_timeout() {
    let app = App::start_on(&Engine::Sqlite).await;
    let acme = app.company("Acme").await;
    for _ in 0..200 {
        acme.note(|_| {}).await;
    }
    let (_folder, file) = target();
    let hurried = DatabaseArgs {
        database_url: app.database_url().to_owned(),
        database_connections: 1,
        token_connections: TokenConnections::default(),
        statement_timeout: 0,
    };
    let done = backup::run(&BackupArgs { file: file.clone() }, &hurried).await;
    done.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(Contents::read(&App::restored(&file).await).await, Contents::read(&app).await);
}

#[tokio::test]
async fn existing_files_are_not_overwritten() {
    let app = App::start_on(&Engine::Sqlite).await;
    let (folder, file) = target();
    std::fs::write(&file, "precious").unwrap();
    assert!(error(&run_backup(app.database_url(), &file).await).contains("already"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    let database = app.database_url().strip_prefix("sqlite://").unwrap();
    assert!(error(&run_backup(app.database_url(), Path::new(database)).await).contains("already"));

    let unfinished = folder.path().join("other.db.unfinished");
    std::fs::write(&unfinished, "of somebody else").unwrap();
    assert!(
        error(&run_backup(app.database_url(), &folder.path().join("other.db")).await).contains("other.db.unfinished")
    );
    assert_eq!(std::fs::read_to_string(&unfinished).unwrap(), "of somebody else");
    let nowhere = folder.path().join("nowhere").join("copy.db");
    assert!(error(&run_backup(app.database_url(), &nowhere).await).contains("cannot write"));
    assert!(!folder.path().join("other.db").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_a_backup() {
    use std::os::unix::fs::PermissionsExt;

    let app = App::start_on(&Engine::Sqlite).await;
    let (_folder, file) = target();
    assert!(run_backup(app.database_url(), &file).await.status.success());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn other_databases_are_refused_with_advice() {
    let (folder, file) = target();
    let absent = format!("sqlite://{}", folder.path().join("absent.db").display());
    assert!(error(&run_backup(&absent, &file).await).contains("does not exist"));
    if let Some(postgres) = Engine::postgres() {
        let app = App::start_on(&postgres).await;
        let refused = error(&run_backup(app.database_url(), &file).await);
        assert!(refused.contains("pg_dump") && refused.contains("pg_restore"), "{refused}");
    }
    assert!(!file.exists());
}
