use chrono::TimeDelta;
use notegraph::event::{Removed, Retention};
use serde_json::json;
use tokio::sync::watch;

use super::Desk;

async fn sweep(desk: &Desk, keep: TimeDelta) -> Removed {
    let retention = Retention { db: desk.app.db().clone(), clock: desk.app.clock().clone(), keep };
    let (_sender, mut stop) = watch::channel(false);
    retention.sweep(&mut stop).await.unwrap()
}

/// The test clock advances by one second with each reading.
#[tokio::test]
async fn only_events_past_the_retention_are_removed() {
    let desk = Desk::new().await;
    desk.notes(620).await;
    let other = desk.app.company("Other").await;
    let rick = other.user("rick").await.token(&[notegraph::store::entity::token::Scope::Write]).await;
    rick.query("mutation { noteCreate(input: { subject: \"young\" }) { note { id } } }").await.data();
    let before = desk.events().await;
    let now = before[before.len() - 1].created_on;
    // The sweep reads the clock once more.
    let keep = now + TimeDelta::seconds(1) - before[600].created_on;
    let usage = desk.usage().await;
    let gone: i64 = before[..600].iter().map(|event| i64::from(event.bytes)).sum();
    assert_eq!(sweep(&desk, keep).await, Removed { events: 600, bytes: gone }, "in more than one transaction");
    assert_eq!(desk.events().await, before[600..]);
    assert_eq!(desk.usage().await.bytes, usage.bytes - gone);
    assert_eq!(sweep(&desk, TimeDelta::days(1)).await, Removed::default());
    assert_eq!(sweep(&desk, TimeDelta::zero()).await.events, 21, "of all companies");
    assert_eq!(desk.events().await, []);
}

/// Events may be long if they were written before texts in events were bounded.
#[tokio::test]
async fn large_events_are_removed_in_small_batches() {
    let desk = Desk::new().await;
    let ids = desk.notes(8).await;
    desk.patch_many(&ids, json!({ "priority": true })).await;
    let sql = "UPDATE event SET bytes = 600000";
    let transaction = desk.app.db().begin().await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&transaction, sql).await.unwrap();
    transaction.commit().await.unwrap();
    let recording = desk.app.record();
    assert_eq!(sweep(&desk, TimeDelta::zero()).await.events, 16);
    let statements = recording.statements();
    let deletions = statements.iter().filter(|statement| statement.sql.starts_with("DELETE FROM \"event\"")).count();
    assert_eq!(deletions, 8, "two events are more than a megabyte");
}

#[tokio::test]
async fn a_stopped_sweep_ends_after_its_transaction() {
    let desk = Desk::new().await;
    desk.notes(3).await;
    let retention = Retention { db: desk.app.db().clone(), clock: desk.app.clock().clone(), keep: TimeDelta::zero() };
    let (sender, mut stop) = watch::channel(false);
    sender.send(true).unwrap();
    assert_eq!(retention.clone().sweep(&mut stop).await.unwrap().events, 3);
    // The task ends as well, even before its next sweep is due.
    retention.run(stop).await;
}
