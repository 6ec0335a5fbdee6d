//! Eight writers make ten thousand changes in transactions of all lengths, while servers are killed and a reader starts
//! again at any cursor. The feed has each event once, in an order in which those of each note follow each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use notegraph::store::entity::event;
use notegraph::store::entity::token::Scope;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use testkit::process::{Process, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::create;
use crate::fixture::Fixture;
use crate::oracle::random::Random;

const WRITERS: usize = 8;
const NOTES: usize = 120;
const CHANGES: usize = 10_000;
const KILLS: usize = 3;

/// Sends a document; none if the server does not respond.
async fn ask(address: std::net::SocketAddr, token: &str, document: &str, variables: Value) -> Option<Value> {
    let request = post(token, &json!({ "query": document, "variables": variables }).to_string());
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(&request).await.ok()?;
    let mut response = Vec::new();
    tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut response)).await.ok()?.ok()?;
    let text = String::from_utf8(response).ok()?;
    let body: Value = serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()?;
    body["data"].is_object().then(|| body["data"].clone())
}

/// Changes random notes to texts that nobody else writes, until there are enough changes.
async fn write(
    number: usize,
    token: String,
    notes: Arc<Vec<Value>>,
    address: watch::Receiver<std::net::SocketAddr>,
    made: Arc<AtomicUsize>,
) {
    let mut random = Random::new(number as u64 + 1);
    for turn in 0.. {
        if made.load(Ordering::Relaxed) >= CHANGES {
            return;
        }
        // A long transaction locks its notes one after the other, while short ones come and go.
        let count = if random.percent(70) { 1 + random.below(4) } else { 20 + random.below(80) };
        let ids: BTreeSet<usize> = (0..count).map(|_| random.below(NOTES)).collect();
        let ids: Vec<&Value> = ids.into_iter().map(|note| &notes[note]).collect();
        let input = json!({ "ids": ids, "patch": { "subject": format!("{number} {turn}") } });
        let document = "mutation($input: NotesPatchInput!) { notesPatch(input: $input) { changedCount } }";
        let at = *address.borrow();
        match ask(at, &token, document, json!({ "input": input })).await {
            Some(data) => {
                let changed = data["notesPatch"]["changedCount"].as_u64().unwrap_or_default();
                made.fetch_add(usize::try_from(changed).unwrap(), Ordering::Relaxed);
            }
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// A page of the feed: the cursor behind it, and its events.
type Page = (String, Vec<Value>);

/// Reads the feed until `done` and its end; sometimes forgets the last pages, and reads them again.
async fn read(token: String, address: watch::Receiver<std::net::SocketAddr>, done: Arc<AtomicBool>) -> Vec<Value> {
    let mut random = Random::new(99);
    let mut pages: Vec<Page> = Vec::new();
    let mut restarts = 0;
    loop {
        let finished = done.load(Ordering::Acquire);
        let after = pages.last().map(|page| page.0.clone());
        let document = "query($after: String, $first: Int) { noteEvents(after: $after, from: BEGINNING, first: $first) { \
             nodes { id noteId type changes { field oldValue newValue } } pageInfo { hasNextPage endCursor } } }";
        let variables = json!({ "after": after, "first": 1 + random.below(100) });
        let at = *address.borrow();
        let Some(data) = ask(at, &token, document, variables).await.filter(|data| data["noteEvents"].is_object())
        else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let feed = &data["noteEvents"];
        let (events, info) = (feed["nodes"].as_array().unwrap().clone(), &feed["pageInfo"]);
        let ended = info["hasNextPage"] == json!(false);
        pages.push((info["endCursor"].as_str().unwrap().to_owned(), events));
        if ended && finished {
            println!("{} pages, {restarts} restarts", pages.len());
            return pages.into_iter().flat_map(|page| page.1).collect();
        }
        if random.percent(3) && pages.len() > 1 {
            let kept = pages.len() - 1 - random.below(pages.len().min(20) - 1);
            pages.truncate(kept);
            restarts += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_loses_and_repeats_nothing() {
    let fixture = Fixture::with(&["ann"], &[Scope::Read, Scope::Write]).await;
    let mut notes = Vec::new();
    for _ in 0..NOTES {
        notes.push(create(&fixture.client, "subject: \"0\"").await);
    }
    let token = fixture.client.token().to_owned();
    let database = fixture.app.database_url().to_owned();
    let mut server = Process::serve(&database, &[]).await;
    let (announce, address) = watch::channel(server.address);
    let (made, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let notes = Arc::new(notes);
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            tokio::spawn(write(number, token.clone(), Arc::clone(&notes), address.clone(), Arc::clone(&made)))
        })
        .collect();
    let reader = tokio::spawn(read(token.clone(), address.clone(), Arc::clone(&done)));
    for kill in 1..=KILLS {
        while made.load(Ordering::Relaxed) < CHANGES * kill / (KILLS + 1) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let id = server.id().to_string();
        assert!(std::process::Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
        drop(server);
        server = Process::serve(&database, &[]).await;
        announce.send(server.address).unwrap();
    }
    for writer in writers {
        writer.await.unwrap();
    }
    // What a killed server had begun is over, and nothing else is running that the feed has to wait for.
    fixture.app.settle().await;
    done.store(true, Ordering::Release);
    let events = reader.await.unwrap();

    let stored = event::Entity::find().count(fixture.app.db().read()).await.unwrap();
    let ids: BTreeSet<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    println!("{} events, {stored} stored", events.len());
    assert!(stored >= (CHANGES + NOTES) as u64);
    assert_eq!((events.len() as u64, ids.len() as u64), (stored, stored), "each event once");
    let mut subjects: BTreeMap<&str, &str> = BTreeMap::new();
    for event in &events {
        let note = event["noteId"].as_str().unwrap();
        if event["type"] == "CREATED" {
            assert_eq!(subjects.insert(note, "0"), None);
            continue;
        }
        let change = &event["changes"][0];
        assert_eq!(subjects[note], change["oldValue"].as_str().unwrap(), "the events of {note} are in another order");
        subjects.insert(note, change["newValue"].as_str().unwrap());
    }
}
