//! A server that is killed during writes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use notegraph::store::db::{DatabaseSettings, Db, IfMissing, connect};
use notegraph::store::entity::token::Scope;
use sea_orm::DatabaseBackend;
use serde_json::json;
use testkit::App;
use testkit::process::Process;
use tokio::process::Command;
use tokio::time::sleep;

use crate::run::Run;
use crate::whole::{assert_whole, number, texts};
use crate::wire::Wire;

const CREATE: &str = "mutation($subject: String!, $details: String!) {
    noteCreate(input: { subject: $subject, details: $details, idempotencyKey: $subject }) { note { id } } }";
const POST: &str = "mutation($id: ID!, $text: String!) {
    noteMessagePost(input: { noteId: $id, message: $text, idempotencyKey: $text }) { message { id } } }";
/// Number of concurrent writers.
const WRITERS: u64 = 4;
/// Promised time until a server runs again, including the recovery of its database.
const UP: Duration = Duration::from_secs(2);

/// A writer, over all rounds: the changes that are acknowledged, and the one whose result it does not know.
#[derive(Default)]
struct Writer {
    /// The text of each acknowledged change, with the ID in the response.
    known: HashMap<String, String>,
    /// The change that got no response.
    open: Option<Change>,
    last_note: Option<String>,
    count: u64,
}

#[derive(Clone)]
enum Change {
    Note(String),
    Message(String, String),
}

impl Writer {
    fn next(&mut self, name: u64) -> Change {
        self.count += 1;
        let text = format!("{name}-{}", self.count);
        match &self.last_note {
            Some(note) if self.count.is_multiple_of(2) => Change::Message(note.clone(), text),
            _ => Change::Note(text),
        }
    }

    /// Writes until the server is gone. Begins with the change whose response was lost, under the same key.
    async fn write(&mut self, name: u64, address: SocketAddr, token: &str, stop: &AtomicBool) {
        let Ok(mut wire) = Wire::connect(address, token).await else { return };
        while !stop.load(Ordering::Relaxed) || self.open.is_some() {
            let change = self.open.take().unwrap_or_else(|| self.next(name));
            self.open = Some(change.clone());
            let answer = match &change {
                Change::Note(text) => {
                    wire.ask(CREATE, json!({ "subject": text, "details": format!("About {text}") })).await
                }
                Change::Message(note, text) => wire.ask(POST, json!({ "id": note, "text": text })).await,
            };
            let Ok(answer) = answer else { return };
            let data = answer.data().unwrap_or_else(|| panic!("refused: {answer:?}"));
            if data.to_string().contains("IDEMPOTENCY_IN_PROGRESS") {
                // PostgreSQL has not noticed yet that the server which made the change is gone.
                sleep(Duration::from_millis(10)).await;
                continue;
            }
            let made = data.pointer("/noteCreate/note/id").or_else(|| data.pointer("/noteMessagePost/message/id"));
            let id = made.and_then(|id| id.as_str()).unwrap_or_else(|| panic!("not made: {answer:?}")).to_owned();
            self.open = None;
            match change {
                Change::Note(text) => {
                    self.last_note = Some(id.clone());
                    self.known.insert(text, id);
                }
                Change::Message(_, text) => drop(self.known.insert(text, id)),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_changes_survive_a_kill() {
    let run = Run::begin("kill -9 under load").await;
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    let (database, token) = (app.database_url().to_owned(), client.token().to_owned());
    // The recovery of a file that somebody else has open differs from that after a crash.
    app.db().clone().close().await.unwrap();

    let mut random = run.random(0);
    let mut writers: Vec<Writer> = (0..WRITERS).map(|_| Writer::default()).collect();
    let mut slowest = Duration::ZERO;
    let never = Arc::new(AtomicBool::new(false));
    for round in 0..run.times(20, 100) {
        let start = Instant::now();
        let process = Process::serve(&database, &[]).await;
        slowest = slowest.max(start.elapsed());
        if round > 0 {
            check(&database, &writers).await;
        }
        let address = process.address;
        let (never, token) = (&never, &token);
        let writing = join_all(writers.iter_mut().zip(0..).map(|(writer, n)| writer.write(n, address, token, never)));
        let killing = async {
            sleep(Duration::from_millis(20 + random.below(400) as u64)).await;
            kill(process).await;
        };
        tokio::join!(writing, killing);
    }

    // Settles the open changes, after which no result is unknown.
    let process = Process::serve(&database, &["--stop-delay", "0"]).await;
    let stop = AtomicBool::new(true);
    join_all(writers.iter_mut().zip(0..).map(|(writer, n)| writer.write(n, process.address, &token, &stop))).await;
    process.terminate().await;
    assert_eq!(process.ended().await.0.code(), Some(0));
    let known: usize = writers.iter().map(|writer| writer.known.len()).sum();
    let written = check(&database, &writers).await;
    assert_eq!(known, written, "something was made that nobody knows of");
    assert!(known > 0, "nothing was written");
    run.say(format_args!("{known} changes were acknowledged, and exist once"));
    run.promised("the slowest start", slowest, UP);
}

/// Kills the server without time for cleanup, as a power failure does.
async fn kill(process: Process) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-KILL", &id]).status().await.unwrap().success());
    assert_eq!(process.ended().await.0.code(), None);
}

/// Asserts that all acknowledged changes exist, with their IDs and once each. Returns the number of records.
async fn check(database: &str, writers: &[Writer]) -> usize {
    let settings = DatabaseSettings {
        connections: 2,
        statement_timeout: Duration::from_mins(1),
        ..DatabaseSettings::at(database)
    };
    let db = connect(&settings, IfMissing::Fail).await.unwrap();
    until_settled(&db).await;
    let mut there: HashMap<String, String> = HashMap::new();
    let notes = "SELECT subject || ' Note:' || id FROM note";
    let messages = "SELECT message || ' NoteMessage:' || id FROM message";
    for line in [texts(&db, notes).await, texts(&db, messages).await].concat() {
        let (text, id) = line.rsplit_once(' ').unwrap();
        assert!(there.insert(text.to_owned(), id.to_owned()).is_none(), "{text} is there twice");
    }
    for (text, id) in writers.iter().flat_map(|writer| &writer.known) {
        assert_eq!(there.get(text), Some(id), "{text} was acknowledged, and is lost");
    }
    assert_whole(&db).await;
    db.close().await.unwrap();
    there.len()
}

/// Waits for transactions on `PostgreSQL`, which continue for a moment after their server is gone.
async fn until_settled(db: &Db) {
    if db.backend() == DatabaseBackend::Postgres {
        let busy = "SELECT count(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()";
        while number(db, busy).await > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    }
}
