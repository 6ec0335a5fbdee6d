//! A server that is told to stop while it handles requests.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::json;
use testkit::process::Process;
use testkit::{Database, Engine};
use tokio::time::timeout;

use crate::run::Run;
use crate::site::Site;
use crate::whole::{assert_whole, number};
use crate::wire::Wire;

const IN_FLIGHT: usize = 50;
/// Seconds for which a server that was told to stop is not ready, but still accepts requests: enough for a slow machine
/// to accept earlier requests and to check readiness.
const STOP_DELAY: u64 = 10;
/// Promised time until the exit, with a stop delay of one second.
const ENDED: Duration = Duration::from_secs(5);
const CREATE: &str = "mutation { noteCreate(input: { subject: \"x\", details: \"About x\" }) { note { id } } }";

async fn ready(process: &Process) -> String {
    process.exchange(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_are_answered_before_the_exit() {
    let run = Run::begin("a stop under load").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let site = Site::at(database.url()).await;
    let rounds = run.times(1, 20);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let process = Process::serve(&site.url, &["--stop-delay", &STOP_DELAY.to_string()]).await;
        let door = site.door().await;
        // Blocks all changes until the server is told to stop.
        let lock = match door.get_database_backend() {
            DatabaseBackend::Postgres => "BEGIN; LOCK TABLE note IN EXCLUSIVE MODE",
            _ => "BEGIN IMMEDIATE",
        };
        door.execute_unprepared(lock).await.unwrap();
        let mut wires = Vec::new();
        for _ in 0..IN_FLIGHT {
            let mut wire = Wire::connect(process.address, &site.token).await.unwrap();
            wire.send(CREATE, json!({})).await.unwrap();
            wires.push(wire);
        }
        let told = Instant::now();
        process.terminate().await;
        let not_ready = async { while !ready(&process).await.contains("the server is stopping") {} };
        timeout(ENDED * 10, not_ready).await.expect("it says that it is ready, or does not answer");
        door.execute_unprepared("ROLLBACK").await.unwrap();
        door.close().await.unwrap();
        for answer in join_all(wires.iter_mut().map(Wire::answer)).await {
            let answer = answer.expect("not answered");
            let note = answer.data().map(|data| &data["noteCreate"]["note"]["id"]);
            assert!(note.is_some_and(serde_json::Value::is_string), "{answer:?}");
        }
        let (status, log) = process.ended().await;
        slowest = slowest.max(told.elapsed().saturating_sub(Duration::from_secs(STOP_DELAY - 1)));
        assert_eq!(status.code(), Some(0), "{log}");
    }
    run.promised("the end", slowest, ENDED);
    let db = site.open().await;
    let all = i64::try_from(rounds * IN_FLIGHT).unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM note").await, all);
    assert_whole(&db).await;
    db.close().await.unwrap();
}
