//! Clients that change the same notes, each with the version that it expects.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use futures_util::future::join_all;
use notegraph::store::entity::token::Scope;
use serde_json::json;
use testkit::process::Process;
use testkit::{App, Random};

use crate::history::{Seen, check};
use crate::run::Run;
use crate::whole::assert_whole;
use crate::wire::Wire;

const CLIENTS: u64 = 16;
const NOTES: usize = 20;
const CREATE: &str = "mutation { noteCreate(input: { subject: \"first\" }) { note { id } } }";
const PATCH: &str = "mutation($id: ID!, $subject: String!, $version: Int!) {
    notePatch(input: { id: $id, patch: { subject: $subject }, expectedVersion: $version }) {
        note { version subject } userErrors { code } } }";

/// Patches one note after the other; each patch expects the version that the client has seen last.
async fn patches(
    address: SocketAddr,
    token: &str,
    notes: &[String],
    name: u64,
    mut random: Random,
    count: usize,
) -> Vec<(usize, Seen)> {
    let mut wire = Wire::connect(address, token).await.unwrap();
    let mut known: HashMap<usize, i64> = HashMap::new();
    let mut history = Vec::with_capacity(count);
    for n in 0..count {
        let note = random.below(notes.len());
        let expected = known.get(&note).copied().unwrap_or(1);
        let subject = format!("{name}-{n}");
        let asked = Instant::now();
        let variables = json!({ "id": notes[note], "subject": subject, "version": expected });
        let answer = wire.ask(PATCH, variables).await.unwrap();
        let answered = Instant::now();
        let payload = &answer.data().unwrap_or_else(|| panic!("{answer:?}"))["notePatch"];
        let codes: Vec<&str> =
            payload["userErrors"].as_array().unwrap().iter().filter_map(|e| e["code"].as_str()).collect();
        let version = payload["note"]["version"].as_i64().unwrap();
        let found = payload["note"]["subject"].as_str().unwrap().to_owned();
        match codes[..] {
            [] => assert_eq!((version, &found), (expected + 1, &subject), "written as another version"),
            ["VERSION_CONFLICT"] => assert_ne!(version, expected, "refused, though it was expected"),
            _ => panic!("{answer:?}"),
        }
        known.insert(note, version);
        history.push((note, Seen { asked, answered, version, subject: found, written: codes.is_empty() }));
    }
    history
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_version_checks_are_linearizable() {
    let run = Run::begin("version checks").await;
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    let mut notes = Vec::new();
    for _ in 0..NOTES {
        let made = client.query(CREATE).await;
        notes.push(made["noteCreate"]["note"]["id"].as_str().unwrap().to_owned());
    }
    let process = Process::serve(app.database_url(), &[]).await;
    let each = run.times(10_000, 100_000) / CLIENTS;
    let clients = (0..CLIENTS).map(|name| {
        patches(process.address, client.token(), &notes, name, run.random(name), usize::try_from(each).unwrap())
    });
    let mut histories: HashMap<usize, Vec<Seen>> = HashMap::new();
    for (note, seen) in join_all(clients).await.into_iter().flatten() {
        histories.entry(note).or_default().push(seen);
    }
    let count = |written| histories.values().flatten().filter(|seen| seen.written == written).count();
    run.say(format_args!("{} patches were accepted, {} refused", count(true), count(false)));
    assert!(count(true) > 0 && count(false) > 0, "nothing met");
    for (note, history) in &histories {
        check((1, "first"), history).unwrap_or_else(|reason| panic!("{}: {reason}", notes[*note]));
    }
    assert_whole(app.db()).await;
}
