use chrono::TimeDelta;
use notegraph::event::{EventLog, Retention};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::sync::watch;

use super::{create, each, feed, history};
use crate::fixture::Fixture;

async fn code(fixture: &Fixture, cursor: &serde_json::Value) -> Vec<String> {
    fixture.app.settle().await;
    let response = fixture.client.query(&format!("{{ noteEvents(after: {cursor}) {{ nodes {{ id }} }} }}")).await;
    response.codes().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_cursor_behind_which_events_were_removed_has_expired() {
    let fixture = Fixture::new().await;
    for number in 0..6 {
        create(&fixture.client, &format!("subject: \"{number}\"")).await;
    }
    let all = feed(&fixture, &fixture.client, "from: BEGINNING").await;
    let events = fixture.events().await;
    let keep = events[5].created_on + TimeDelta::seconds(1) - events[3].created_on;
    let retention = Retention { db: fixture.app.db().clone(), clock: fixture.app.clock().clone(), keep };
    let (_sender, mut stop) = watch::channel(false);
    // The clock of the test has gone on with each request.
    let removed = retention.sweep(&mut stop).await.unwrap().events;
    assert!((1..6).contains(&removed), "{removed}");
    let removed = usize::try_from(removed).unwrap();
    for (number, event) in all["nodes"].as_array().unwrap().iter().enumerate() {
        let expected: &[&str] = if number + 1 < removed { &["CURSOR_EXPIRED"] } else { &[] };
        assert_eq!(code(&fixture, &event["cursor"]).await, expected, "{number} of {removed}");
    }
    let kept = feed(&fixture, &fixture.client, "from: BEGINNING").await;
    assert_eq!(each(&kept, "id"), each(&all, "id")[removed..]);
}

#[tokio::test]
async fn the_cursors_of_a_restored_log_have_expired() {
    let fixture = Fixture::new().await;
    let id = create(&fixture.client, "subject: \"x\"").await;
    let log = EventLog(fixture.app.db());
    log.open(Some("file 1".to_owned())).await.ok().unwrap();
    let cursor = feed(&fixture, &fixture.client, "from: BEGINNING").await["nodes"][0]["cursor"].clone();
    log.open(Some("file 1".to_owned())).await.ok().unwrap();
    assert_eq!(code(&fixture, &cursor).await, [""; 0], "a restart changes nothing");
    let transaction = fixture.app.db().begin().await.unwrap();
    transaction.execute_unprepared("UPDATE event_log SET identity = 'another'").await.unwrap();
    transaction.commit().await.unwrap();
    log.open(Some("file 1".to_owned())).await.ok().unwrap();
    assert_eq!(code(&fixture, &cursor).await, ["CURSOR_EXPIRED"]);
    let document = "query($id: ID!, $after: String) { note(id: $id) { history(after: $after) { nodes { id } } } }";
    let response = fixture.client.query_with(document, json!({ "id": id, "after": cursor })).await;
    assert_eq!(response.codes(), ["CURSOR_EXPIRED"]);
    assert_eq!(history(&fixture.client, &id, "").await["edges"].as_array().unwrap().len(), 1);
}

/// Events that come with the transaction numbers of another server are read, in the order of their IDs.
#[tokio::test]
async fn events_of_another_server_are_not_lost() {
    let fixture = Fixture::new().await;
    create(&fixture.client, "subject: \"0\"").await;
    create(&fixture.client, "subject: \"1\"").await;
    let log = EventLog(fixture.app.db());
    log.open(Some("file 1".to_owned())).await.ok().unwrap();
    let before = feed(&fixture, &fixture.client, "from: BEGINNING").await;
    if fixture.app.db().dialect().next_transaction().is_none() {
        return assert_eq!(each(&before, "type").len(), 2);
    }
    let transaction = fixture.app.db().begin().await.unwrap();
    transaction.execute_unprepared("UPDATE event SET transaction_id = 4000000000000 - id").await.unwrap();
    transaction.execute_unprepared("UPDATE event_log SET identity = 'another'").await.unwrap();
    transaction.commit().await.unwrap();
    log.open(None).await.ok().unwrap();
    create(&fixture.client, "subject: \"2\"").await;
    let after = feed(&fixture, &fixture.client, "from: BEGINNING").await;
    assert_eq!(each(&after, "id")[..2], each(&before, "id"));
    assert_eq!(each(&after, "id").len(), 3);
}

#[tokio::test]
async fn what_is_no_cursor_of_the_log_is_refused() {
    let fixture = Fixture::new().await;
    create(&fixture.client, "subject: \"x\"").await;
    let notes = fixture.client.query("{ notes { edges { cursor } } }").await["notes"]["edges"][0]["cursor"].clone();
    for cursor in [notes, json!(""), json!("e."), json!("x".repeat(100_000))] {
        assert_eq!(code(&fixture, &cursor).await, ["BAD_CURSOR"]);
    }
    let forged = json!(format!("e.{}", "A".repeat(64)));
    assert_eq!(code(&fixture, &forged).await, ["CURSOR_EXPIRED"]);
    let other = fixture.app.company("Other").await.user("rick").await;
    let rick = super::client(&other).await;
    create(&rick, "subject: \"theirs\"").await;
    let theirs = feed(&fixture, &rick, "from: BEGINNING").await["nodes"][0]["cursor"].clone();
    assert_eq!(code(&fixture, &theirs).await, ["CURSOR_EXPIRED"]);
}
