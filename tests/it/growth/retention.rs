use chrono::TimeDelta;
use notegraph::event::{Removed, Retention};
use notegraph::quota::QuotaLimits;
use serde_json::json;
use tokio::sync::watch;

use super::start;
use crate::fixture::Fixture;

async fn sweep(fixture: &Fixture, keep: TimeDelta) -> Removed {
    let retention = Retention { db: fixture.app.db().clone(), clock: fixture.app.clock().clone(), keep };
    let (_sender, mut stop) = watch::channel(false);
    retention.sweep(&mut stop).await.unwrap()
}

/// The test clock advances by one second with each reading.
#[tokio::test]
async fn only_events_past_the_retention_are_removed() {
    let fixture = start(QuotaLimits::default()).await;
    fixture.create_notes(620).await;
    let other = fixture.app.company("Other").await;
    let rick = other.user("rick").await.token(&[notegraph::store::entity::token::Scope::Write]).await;
    rick.query("mutation { noteCreate(input: { subject: \"young\" }) { note { id } } }").await.data();
    let before = fixture.events().await;
    let now = before[before.len() - 1].created_on;
    // The sweep reads the clock once more.
    let keep = now + TimeDelta::seconds(1) - before[600].created_on;
    let usage = fixture.usage().await;
    let gone: i64 = before[..600].iter().map(|event| i64::from(event.bytes)).sum();
    assert_eq!(sweep(&fixture, keep).await, Removed { events: 600, bytes: gone }, "in more than one transaction");
    assert_eq!(fixture.events().await, before[600..]);
    assert_eq!(fixture.usage().await.bytes, usage.bytes - gone);
    assert_eq!(sweep(&fixture, TimeDelta::days(1)).await, Removed::default());
    assert_eq!(sweep(&fixture, TimeDelta::zero()).await.events, 21, "of all companies");
    assert_eq!(fixture.events().await, []);
}

/// Events may be long if they were written before texts in events were bounded.
#[tokio::test]
async fn large_events_are_removed_in_small_batches() {
    let fixture = start(QuotaLimits::default()).await;
    let ids = fixture.create_notes(8).await;
    fixture.patch_many(&ids, json!({ "priority": true })).await;
    let sql = "UPDATE event SET bytes = 600000";
    let transaction = fixture.app.db().begin().await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&transaction, sql).await.unwrap();
    transaction.commit().await.unwrap();
    let recording = fixture.app.record();
    assert_eq!(sweep(&fixture, TimeDelta::zero()).await.events, 16);
    let statements = recording.statements();
    let deletions = statements.iter().filter(|statement| statement.sql.starts_with("DELETE FROM \"event\"")).count();
    assert_eq!(deletions, 8, "two events are more than a megabyte");
}

#[tokio::test]
async fn a_stopped_sweep_ends_after_its_transaction() {
    let fixture = start(QuotaLimits::default()).await;
    fixture.create_notes(3).await;
    let retention =
        Retention { db: fixture.app.db().clone(), clock: fixture.app.clock().clone(), keep: TimeDelta::zero() };
    let (sender, mut stop) = watch::channel(false);
    sender.send(true).unwrap();
    assert_eq!(retention.clone().sweep(&mut stop).await.unwrap().events, 3);
    // The task ends as well, even before its next sweep is due.
    retention.run(stop).await;
}
