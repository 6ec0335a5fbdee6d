//! A `PostgreSQL` server that closes connections, restarts, or becomes read-only.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::json;
use testkit::process::Process;
use testkit::{Database, Engine};
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::load::Load;
use crate::run::{HEALED, Run};
use crate::site::Site;
use crate::wire::Wire;

/// Closes the program's connections to this database.
async fn terminate_all(door: &DatabaseConnection) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'notegraph'";
    door.execute_unprepared(sql).await.unwrap();
}

/// The program's connections to this database.
async fn connections(door: &DatabaseConnection) -> BTreeSet<i32> {
    let sql = "SELECT pid FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'notegraph'";
    let rows = door.query_all_raw(Statement::from_string(door.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_connections_are_replaced() {
    let Some(engine) = Engine::postgres() else { return };
    let run = Run::begin("connections ended under load").await;
    let database = Database::migrated(&engine).await;
    let site = Site::at(database.url()).await;
    let process = Process::serve(&site.url, &["--stop-delay", "0"]).await;
    let load = Load::start(&run, process.address, &site.token, 8, 0);
    let door = site.door().await;
    let mut random = run.random(100);
    for _ in 0..run.times(20, 500) {
        sleep(Duration::from_millis(random.below(200) as u64)).await;
        terminate_all(&door).await;
    }
    run.promised("healed", load.healed(Instant::now()).await, HEALED);
    door.close().await.unwrap();
    let known = site.end(&run, load, process, &["UNAVAILABLE"]).await;
    site.assert_kept(&known).await;
}

/// The next request gets a connection that was closed while idle, and succeeds nevertheless.
#[tokio::test]
async fn an_idle_connection_that_ends_causes_no_error() {
    let Some(engine) = Engine::postgres() else { return };
    let run = Run::begin("connections ended at rest").await;
    let database = Database::migrated(&engine).await;
    let site = Site::at(database.url()).await;
    let process = Process::serve(&site.url, &[]).await;
    let door = site.door().await;
    let mut wire = Wire::connect(process.address, &site.token).await.unwrap();
    for _ in 0..run.times(10, 100) {
        let create = "mutation { noteCreate(input: { subject: \"x\" }) { note { id } } }";
        let answer = wire.ask(create, json!({})).await.unwrap();
        assert!(answer.data().is_some(), "{answer:?}");
        terminate_all(&door).await;
        // All connections are suspected together at most once per second.
        sleep(Duration::from_millis(1_100)).await;
    }
    door.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_database_is_reached_again() {
    let Some(_) = Engine::postgres() else { return };
    let run = Run::begin("PostgreSQL restarts").await;
    let cluster = Cluster::start();
    let site = Site::at(&cluster.url()).await;
    let process = Process::serve(&site.url, &["--stop-delay", "0"]).await;
    let load = Load::start(&run, process.address, &site.token, 4, 0);
    for (mode, away) in
        run.times(vec![("fast", 0), ("immediate", 4)], vec![("fast", 0), ("immediate", 4), ("fast", 30)])
    {
        load.until_all_write().await;
        cluster.stop(mode);
        sleep(Duration::from_secs(away)).await;
        cluster.go();
        run.promised(&format!("healed after {mode}, {away} s"), load.healed(Instant::now()).await, HEALED);
    }
    let known = site.end(&run, load, process, &["UNAVAILABLE"]).await;
    site.assert_kept(&known).await;
}

/// Connections made meanwhile stay read-only afterwards, as they read the setting when they begin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_database_serves_reads_and_recovers() {
    let Some(engine) = Engine::postgres() else { return };
    let run = Run::begin("PostgreSQL turns read-only").await;
    let database = Database::migrated(&engine).await;
    let site = Site::at(database.url()).await;
    let process = Process::serve(&site.url, &["--stop-delay", "0"]).await;
    let load = Load::start(&run, process.address, &site.token, 4, 0);
    load.until_all_write().await;
    let door = site.door().await;
    let name = site.url.rsplit_once('/').unwrap().1;
    door.execute_unprepared(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await.unwrap();
    terminate_all(&door).await;
    load.until_told("UNAVAILABLE").await;
    sleep(Duration::from_secs(2)).await;
    let before = connections(&door).await;
    sleep(Duration::from_secs(3)).await;
    let after = connections(&door).await;
    // If each failed change replaced connections, none would be left after a second.
    assert!(!before.is_empty() && before.is_subset(&after), "replaced for nothing: {before:?}, {after:?}");
    let mut wire = Wire::connect(process.address, &site.token).await.unwrap();
    let answer = wire.ask("{ notes { totalCount } }", json!({})).await.unwrap();
    assert!(answer.data().is_some(), "{answer:?}");
    door.execute_unprepared(&format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await.unwrap();
    run.promised("healed", load.healed(Instant::now()).await, HEALED);
    door.close().await.unwrap();
    let known = site.end(&run, load, process, &["UNAVAILABLE"]).await;
    site.assert_kept(&known).await;
}
