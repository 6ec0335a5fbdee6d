use notegraph::quota::{QuotaLimits, StorageUsage, write_limits};
use notegraph::store::entity::token::Scope;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::start;

fn codes(payload: &Value) -> Vec<&str> {
    payload["userErrors"].as_array().unwrap().iter().filter_map(|error| error["code"].as_str()).collect()
}

const EXCEEDED: [&str; 1] = ["QUOTA_EXCEEDED"];

#[tokio::test]
async fn the_notes_of_a_company_are_limited() {
    let fixture = start(QuotaLimits { notes: Some(3), bytes: None }).await;
    let ids = fixture.create_notes(3).await;
    let refused = fixture.create_with_subject("one more").await;
    assert_eq!(refused["note"], Value::Null);
    let error = &refused["userErrors"][0];
    assert_eq!((&error["code"], &error["path"]), (&json!("QUOTA_EXCEEDED"), &json!(["input"])));
    assert_eq!(error["params"], json!({ "of": "notes", "limit": 3 }), "not how many there are");
    assert!(error["message"].as_str().unwrap().contains("limit of 3 notes"), "{error}");
    assert_eq!(fixture.usage().await, fixture.counted_anew().await);
    // Existing notes can still be changed, and another company has a counter of its own.
    assert_eq!(fixture.patch_many(&ids, json!({ "details": "more" })).await["changedCount"], 3);
    let rick = fixture.app.company("Other").await.user("rick").await.token(&[Scope::Write]).await;
    let made = rick.query("mutation { noteCreate(input: {}) { note { id } userErrors { code } } }").await;
    assert_ne!(made["noteCreate"]["note"], Value::Null);
    let deleted =
        fixture.mutate("noteDelete", "NoteDeleteInput!", json!({ "id": ids[0] }), "userErrors { code }").await;
    assert_eq!(codes(&deleted), [""; 0]);
    assert_eq!(codes(&fixture.create_with_subject("in its place").await), [""; 0]);
    assert_eq!(codes(&fixture.create_with_subject("one more").await), EXCEEDED);
    // Raise the limit for this company only.
    let transaction = fixture.app.db().begin().await.unwrap();
    write_limits(&transaction, fixture.company.id, QuotaLimits { notes: Some(4), bytes: None }).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(codes(&fixture.create_with_subject("one more").await), [""; 0]);
    assert_eq!(codes(&fixture.create_with_subject("one more").await), EXCEEDED);
}

#[tokio::test]
async fn the_bytes_of_a_company_are_limited_for_every_writer() {
    let fixture = start(QuotaLimits { notes: None, bytes: Some(100_000) }).await;
    let ids = fixture.create_notes(10).await;
    let long = "x".repeat(95_000);
    let errors = "userErrors { code params }";
    let patch = |details: &str| json!({ "id": ids[0], "patch": { "details": details } });
    let post = |message: &str| json!({ "noteId": ids[0], "message": message });
    let create = json!({ "details": long });
    let refused = [
        fixture.mutate("noteCreate", "NoteCreateInput!", create, errors).await,
        fixture.mutate("notePatch", "NotePatchInput!", patch(&long), errors).await,
        fixture.patch_many(&ids, json!({ "details": "y".repeat(10_000) })).await,
        fixture.mutate("noteMessagePost", "NoteMessagePostInput!", post(&long), errors).await,
        fixture.mutate(
            "customersUpsert",
            "[CustomerInput!]!",
            (0..100).map(|n| json!({ "externalKey": n.to_string(), "fullName": "z".repeat(1_000) })).collect(),
            errors,
        )
        .await,
        fixture.mutate(
            "usersUpsert",
            "[UserInput!]!",
            (0..100)
                .map(|n| json!({ "externalKey": n.to_string(), "username": format!("{n}"), "fullName": "z".repeat(1_000) }))
                .collect(),
            errors,
        )
        .await,
    ];
    for payload in refused {
        assert_eq!(codes(&payload), EXCEEDED, "{payload}");
        assert_eq!(payload["userErrors"][0]["params"], json!({ "of": "bytes", "limit": 100_000 }));
    }
    assert_eq!(fixture.usage().await, fixture.counted_anew().await, "what was refused is not counted");
    assert_eq!(fixture.events().await.len(), 10);
    // Changes up to the limit are accepted, and changes that free space always are.
    let half = "x".repeat(80_000);
    assert_eq!(codes(&fixture.mutate("notePatch", "NotePatchInput!", patch(&half), errors).await), [""; 0]);
    assert_eq!(codes(&fixture.mutate("noteMessagePost", "NoteMessagePostInput!", post(&half), errors).await), EXCEEDED);
    assert_eq!(codes(&fixture.mutate("notePatch", "NotePatchInput!", patch("short"), errors).await), [""; 0]);
    assert_eq!(codes(&fixture.mutate("noteMessagePost", "NoteMessagePostInput!", post(&half), errors).await), [""; 0]);
    assert_eq!(fixture.usage().await, fixture.counted_anew().await);
}

/// Changes that add nothing to a note still add events to the log.
#[tokio::test]
async fn a_full_company_cannot_fill_the_event_log() {
    let fixture = start(QuotaLimits { notes: None, bytes: Some(40_000) }).await;
    let ids = fixture.create_notes(10).await;
    let mut rounds = 0;
    loop {
        let users = json!({ "ids": ids, "userIds": [fixture.users[0].id.to_string()] });
        let (field, input) = if rounds % 2 == 0 {
            ("notesAssign", "NotesAssignInput!")
        } else {
            ("notesUnassign", "NotesUnassignInput!")
        };
        let payload = fixture.mutate(field, input, users, "changedCount userErrors { code }").await;
        if payload["changedCount"] == 0 {
            assert_eq!(codes(&payload), EXCEEDED);
            break;
        }
        rounds += 1;
        assert!(rounds < 100, "the log grows without end");
    }
    assert!(rounds > 1);
    assert_eq!(codes(&fixture.patch_many(&ids, json!({ "priority": true })).await), EXCEEDED);
    let deleted = fixture.mutate("notesDelete", "NotesDeleteInput!", json!({ "ids": ids }), "deletedNoteIds").await;
    assert_eq!(deleted["deletedNoteIds"].as_array().unwrap().len(), 10);
    assert_eq!(fixture.usage().await, fixture.counted_anew().await);
}

#[tokio::test]
async fn counted_usage_equals_stored_rows() {
    let fixture = start(QuotaLimits::default()).await;
    let ids = fixture.create_notes(4).await;
    let input = json!({ "subject": "ä", "details": "text", "tags": ["one", "two"], "referenceId": "7" });
    let note = fixture.mutate("noteCreate", "NoteCreateInput!", input, "note { id }").await["note"]["id"].clone();
    let post = json!({ "noteId": note, "message": "", "attachment": { "url": "https://example.com/a", "contentType": "b/c" } });
    fixture.mutate("noteMessagePost", "NoteMessagePostInput!", post, "message { id }").await;
    fixture
        .mutate(
            "noteMessagePost",
            "NoteMessagePostInput!",
            json!({ "noteId": ids[1], "message": "m" }),
            "message { id }",
        )
        .await;
    fixture.patch_many(&ids, json!({ "subject": null, "tags": ["x"] })).await;
    let patch = json!({ "id": note, "patch": { "details": null, "removeTags": ["one"] } });
    fixture.mutate("notePatch", "NotePatchInput!", patch, "changedFields").await;
    assert_eq!(fixture.usage().await, fixture.counted_anew().await);
    fixture.mutate("notesDelete", "NotesDeleteInput!", json!({ "ids": [note, ids[1]] }), "deletedNoteIds").await;
    let usage = fixture.usage().await;
    assert_eq!((usage, usage.notes), (fixture.counted_anew().await, 3));
    fixture.mutate("noteDelete", "NoteDeleteInput!", json!({ "id": ids[0] }), "deletedNoteId").await;
    assert_eq!(fixture.usage().await, fixture.counted_anew().await);
    // People count towards the quota, too.
    let person = |name: &str| json!([{ "externalKey": "k", "fullName": name }]);
    let before = fixture.usage().await;
    fixture.mutate("customersUpsert", "[CustomerInput!]!", person("abcdef"), "customers { id }").await;
    assert_eq!(fixture.usage().await, before + StorageUsage::of_bytes(256 + 7));
    fixture.mutate("customersUpsert", "[CustomerInput!]!", person("abc"), "customers { id }").await;
    assert_eq!(fixture.usage().await, before + StorageUsage::of_bytes(256 + 4));
}

/// The migration counts existing rows the same way as the program does.
#[tokio::test]
async fn existing_rows_are_counted() {
    use migration::{Migrator, MigratorTrait};
    let fixture = start(QuotaLimits::default()).await;
    let ids = fixture.create_notes(3).await;
    let patch = json!({ "details": "däta", "tags": ["x", "yz"], "referenceId": "r" });
    fixture.patch_many(&ids, patch).await;
    fixture
        .mutate(
            "noteMessagePost",
            "NoteMessagePostInput!",
            json!({ "noteId": ids[1], "message": "m" }),
            "message { id }",
        )
        .await;
    let migrations = Migrator::migrations();
    let place = migrations.iter().position(|migration| migration.name().ends_with("count_usage")).unwrap();
    let steps = u32::try_from(migrations.len() - place).unwrap();
    Migrator::down(fixture.app.db().schema_connection(), Some(steps)).await.unwrap();
    Migrator::up(fixture.app.db().schema_connection(), None).await.unwrap();
    let people = notegraph::store::entity::user::Entity::find().all(fixture.app.db().read()).await.unwrap().len();
    let people = StorageUsage::of_bytes(256 * i64::try_from(people).unwrap());
    assert_eq!(fixture.usage().await, fixture.counted_anew().await + people);
}
