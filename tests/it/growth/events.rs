use notegraph::quota::{QuotaLimits, changes_bytes};
use notegraph::store::entity::event::{FieldChanges, MAX_CHARACTERS};
use serde_json::{Value, json};
use testkit::assert_search_index_is_current;

use super::start;

/// The length of the longest text in an event's changes.
fn longest(changes: &FieldChanges) -> usize {
    let texts = |value: &Value| match value {
        Value::String(text) => text.chars().count(),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).map(|text| text.chars().count()).sum(),
        _ => 0,
    };
    changes.0.iter().flat_map(|change| [texts(&change.old), texts(&change.new)]).max().unwrap_or_default()
}

#[tokio::test]
async fn a_batch_does_not_store_its_text_for_each_event() {
    let fixture = start(QuotaLimits::default()).await;
    let ids = fixture.create_notes(100).await;
    for letter in ["a", "b"] {
        let details = letter.repeat(6_000);
        assert_eq!(fixture.patch_many(&ids, json!({ "details": details })).await["changedCount"], 100);
    }
    let events = fixture.events().await;
    assert_eq!(events.len(), 300);
    let last = &events[299].changes.0[0];
    assert_eq!((&last.new, last.new_length), (&json!("b".repeat(MAX_CHARACTERS)), Some(6_000)));
    assert_eq!((&last.old, last.old_length), (&json!("a".repeat(MAX_CHARACTERS)), Some(6_000)));
    assert!(events.iter().all(|event| longest(&event.changes) <= MAX_CHARACTERS));
    let bytes: usize = events.iter().map(|event| json!(event.changes).to_string().len()).sum();
    assert!(bytes < 500_000, "two changes of 6 KB made events of {bytes} bytes");
    // Each note has two indexed parts, its subject and its details, with the same texts in all notes.
    assert_eq!(assert_search_index_is_current(fixture.app.db()).await, 200);
    for event in &events {
        assert_eq!(event.bytes, changes_bytes(&event.changes), "the event says what it counts");
    }
}

/// Covers each kind of value that can be long, in events of single changes.
#[tokio::test]
async fn no_event_holds_a_long_value() {
    let fixture = start(QuotaLimits::default()).await;
    let id = fixture.create_notes(1).await.remove(0);
    let tags: Vec<String> = (0..100).map(|n| format!("{n:0200}")).collect();
    let patch = json!({ "subject": "s".repeat(1_000), "details": "d".repeat(20_000), "tags": tags });
    let (input, selection) = (json!({ "id": id, "patch": patch }), "changedFields userErrors { code }");
    let answer = fixture.mutate("notePatch", "NotePatchInput!", input, selection).await;
    assert_eq!(answer["changedFields"], json!(["subject", "details", "tags"]), "{answer}");
    let changes = &fixture.events().await[1].changes;
    assert_eq!(longest(changes), MAX_CHARACTERS);
    let lengths: Vec<_> = changes.0.iter().map(|change| change.new_length).collect();
    assert_eq!(lengths, [None, Some(20_000), Some(100)]);
    assert_eq!(changes.0[2].new, json!(tags[..5]), "whole tags");
}
