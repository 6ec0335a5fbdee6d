//! Another connection holds a lock that all writers need.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection};
use serde_json::json;
use testkit::process::Process;
use testkit::{Database, Engine};
use tokio::time::sleep;

use crate::load::Load;
use crate::run::{HEALED, Run};
use crate::site::Site;
use crate::wire::Wire;

/// Blocks writes of notes until the transaction ends.
async fn lock(door: &DatabaseConnection) {
    let sql = match door.get_database_backend() {
        DatabaseBackend::Postgres => "BEGIN; LOCK TABLE note IN EXCLUSIVE MODE",
        _ => "BEGIN IMMEDIATE",
    };
    door.execute_unprepared(sql).await.unwrap();
}

async fn assert_reads(process: &Process, token: &str) {
    let mut wire = Wire::connect(process.address, token).await.unwrap();
    let answer = wire.ask("{ notes { totalCount } }", json!({})).await.unwrap();
    assert!(answer.data().is_some(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_lock_times_out() {
    let run = Run::begin("a lock that is held for 10 s").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let site = Site::at(database.url()).await;
    let process = Process::serve(&site.url, &["--statement-timeout", "2", "--stop-delay", "0"]).await;
    let load = Load::start(&run, process.address, &site.token, 4, 0);
    load.until_all_write().await;
    let door = site.door().await;
    lock(&door).await;
    let start = Instant::now();
    load.until_told("UNAVAILABLE").await;
    run.say(format_args!("told after {:.1?}, where a statement may take 2 s", start.elapsed()));
    assert_reads(&process, &site.token).await;
    sleep(Duration::from_secs(10).saturating_sub(start.elapsed())).await;
    door.execute_unprepared("ROLLBACK").await.unwrap();
    run.promised("healed", load.healed(Instant::now()).await, HEALED);
    door.close().await.unwrap();
    let known = site.end(&run, load, process, &["UNAVAILABLE"]).await;
    site.assert_kept(&known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_connection_times_out() {
    let run = Run::begin("all connections in use").await;
    let database = Database::migrated(&Engine::of_this_run()).await;
    let site = Site::at(database.url()).await;
    let few = ["--database-connections", "2", "--statement-timeout", "600", "--stop-delay", "0"];
    let process = Process::serve(&site.url, &few).await;
    let load = Load::start(&run, process.address, &site.token, 6, 0);
    load.until_all_write().await;
    let door = site.door().await;
    lock(&door).await;
    // Writers with a connection wait for the statement timeout; the others get no connection.
    load.until_told("UNAVAILABLE").await;
    door.execute_unprepared("ROLLBACK").await.unwrap();
    run.promised("healed", load.healed(Instant::now()).await, HEALED);
    door.close().await.unwrap();
    let known = site.end(&run, load, process, &["UNAVAILABLE"]).await;
    site.assert_kept(&known).await;
}
