//! `noteDelete` and `noteDeletePreview`.

use notegraph::ids::{CustomerId, MessageId, NoteId};
use notegraph::store::entity::event::{self, EventType};
use notegraph::store::entity::message;
use notegraph::store::entity::token::Scope;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder};
use serde_json::{Value, json};

use testkit::Contents;

use crate::fixture::Fixture;

const REPORT: &str = "totalCount truncated items { typeName recordId action }";

/// The note with which a test starts.
const NOTE: NoteId = NoteId(1);

/// Creates a note with a customer, a type, an author who is also an assignee, another assignee, and two messages.
async fn start() -> Fixture {
    let fixture = Fixture::with(&["ann", "bob", "cid"], &[Scope::Read, Scope::Write]).await;
    let Fixture { company, users, .. } = &fixture;
    let (cara, call) = (company.customer("Cara").await, company.note_type("Call").await);
    let note = company.note(|note| {
        (note.customer_id, note.type_id, note.user_id) = (Some(cara.id), Some(call.id), Some(users[1].id));
    });
    assert_eq!(note.await.id, NOTE);
    for person in [&users[2], &users[1]] {
        company.assign(NOTE, person.id).await;
        company.message(NOTE, |message| message.posted_by_id = Some(person.id)).await;
    }
    fixture
}

impl Fixture {
    async fn delete_note(&self, id: NoteId, expected_version: Value) -> Value {
        let document = format!(
            "mutation($input: NoteDeleteInput!) {{ noteDelete(input: $input) {{
               deletedNoteId note {{ id version subject }} report {{ {REPORT} }} userErrors {{ code path params }} }} }}"
        );
        let input = json!({ "id": id.to_string(), "expectedVersion": expected_version });
        self.client.query_with(&document, json!({ "input": input })).await["noteDelete"].clone()
    }

    /// Creates a note with an author and `messages` messages, numbered from 10,001.
    async fn long_note(&self, messages: i32) -> NoteId {
        let note =
            self.company.note(|note| (note.user_id, note.message_count) = (Some(self.users[1].id), messages)).await;
        let model = |position| message::Model {
            company_id: note.company_id,
            id: MessageId(10_000 + i64::from(position)),
            note_id: note.id,
            position,
            message: "x".to_owned(),
            attachment_url: None,
            attachment_filename: None,
            attachment_content_type: None,
            attachment_size: None,
            posted_by_id: None,
            created_on: note.created_on,
            from_import: false,
            source: None,
        };
        let transaction = self.app.db().begin().await.unwrap();
        let positions: Vec<i32> = (1..=messages).collect();
        // A statement takes a limited number of parameters.
        for positions in positions.chunks(300) {
            let rows = positions.iter().map(|&position| model(position).into_active_model().reset_all());
            message::Entity::insert_many(rows).exec_without_returning(&transaction).await.unwrap();
        }
        transaction.commit().await.unwrap();
        note.id
    }

    async fn preview_deletion(&self, ids: Value) -> Value {
        let document = format!("query($ids: [ID!]!) {{ noteDeletePreview(ids: $ids) {{ {REPORT} }} }}");
        self.client.query_with(&document, json!({ "ids": ids })).await["noteDeletePreview"].clone()
    }
}

fn item(kind: &str, id: impl std::fmt::Display, action: &str) -> Value {
    json!({ "typeName": kind, "recordId": format!("{kind}:{id}"), "action": action })
}

#[tokio::test]
async fn the_payload_names_deleted_and_detached_records() {
    let fixture = start().await;
    let preview = fixture.preview_deletion(json!([NOTE])).await;
    let expected = json!({ "totalCount": 7, "truncated": false, "items": [
        item("Note", NOTE, "DELETED"),
        item("NoteMessage", 1, "DELETED"),
        item("NoteMessage", 2, "DELETED"),
        item("Customer", 1, "DETACHED"),
        item("User", fixture.users[1].id, "DETACHED"),
        item("User", fixture.users[2].id, "DETACHED"),
        item("NoteType", 1, "DETACHED"),
    ] });
    assert_eq!(preview, expected);
    let answer = fixture.delete_note(NOTE, Value::Null).await;
    let deleted = format!("Note:{NOTE}");
    assert_eq!(answer, json!({ "deletedNoteId": deleted, "note": null, "report": expected, "userErrors": [] }));
}

#[tokio::test]
async fn a_note_is_deleted_only_with_its_messages_and_assignments() {
    let fixture = start().await;
    let other = fixture.company.note(|note| note.customer_id = Some(CustomerId(1))).await.id;
    fixture.company.message(other, |_| {}).await;
    fixture.company.assign(other, fixture.users[1].id).await;
    let before = Contents::read(&fixture.app).await;
    fixture.delete_note(NOTE, Value::Null).await;
    let mut after = Contents::read(&fixture.app).await;
    assert_eq!(after.0.remove("event").unwrap().len(), 1);
    for (table, mut rows) in before.0 {
        let link = if table == "note" { "id" } else { "note_id" };
        if ["note", "note_update", "message", "assignment", "search_part", "search_note"].contains(&table.as_str()) {
            rows.retain(|row| row[link] != NOTE.0);
            // The other note has a subject and a message.
            assert_eq!(rows.len(), if table == "search_part" { 2 } else { 1 }, "{table}");
        }
        if !["event", "id_counter", "company_usage"].contains(&table.as_str()) {
            assert_eq!(after.0[&table], rows, "{table}");
        }
    }
}

#[tokio::test]
async fn a_preview_changes_nothing_and_omits_unknown_notes() {
    let fixture = start().await;
    let before = Contents::read(&fixture.app).await;
    let id = NOTE.to_string();
    assert_eq!(
        fixture.preview_deletion(json!(["99", id, id, format!("Note:{id}")])).await,
        fixture.preview_deletion(json!([id])).await
    );
    assert_eq!(fixture.preview_deletion(json!([])).await, json!({ "totalCount": 0, "truncated": false, "items": [] }));
    assert_eq!(Contents::read(&fixture.app).await, before);
}

#[tokio::test]
async fn a_preview_of_many_names_each_record_once() {
    let fixture = start().await;
    let other = fixture
        .company
        .note(|note| (note.customer_id, note.user_id) = (Some(CustomerId(1)), Some(fixture.users[1].id)))
        .await
        .id;
    fixture.company.message(other, |_| {}).await;
    let preview = fixture.preview_deletion(json!([other, NOTE])).await;
    let items = preview["items"].as_array().unwrap();
    // One note and one message more than for the first note alone.
    assert_eq!((preview["totalCount"].as_u64(), items.len()), (Some(9), 9));
    for (at, item) in items.iter().enumerate() {
        assert!(!items[..at].contains(item), "{item} stands there twice");
    }
}

#[tokio::test]
async fn a_preview_accepts_at_most_a_hundred_notes() {
    let fixture = start().await;
    let ids = |count: i32| json!((1..=count).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(fixture.preview_deletion(ids(100)).await["totalCount"], 7);
    let response = fixture
        .client
        .query_with("query($ids: [ID!]!) { noteDeletePreview(ids: $ids) { totalCount } }", json!({ "ids": ids(101) }))
        .await;
    assert_eq!(response.codes(), ["INVALID"]);
}

#[tokio::test]
async fn a_deleted_note_is_not_found() {
    let fixture = start().await;
    fixture.delete_note(NOTE, Value::Null).await;
    let before = Contents::read(&fixture.app).await;
    let gone = json!([{ "code": "NOT_FOUND", "path": ["input", "id"], "params": null }]);
    let answer = fixture.delete_note(NOTE, json!(1)).await;
    assert_eq!(answer, json!({ "deletedNoteId": null, "note": null, "report": null, "userErrors": gone }));
    assert_eq!(Contents::read(&fixture.app).await, before);
    let response =
        fixture.client.query(r#"{ note(id: 1) { id } nodes(ids: ["Note:1", "NoteMessage:1"]) { id } }"#).await;
    assert_eq!(*response.data(), json!({ "note": null, "nodes": [null, null] }));
}

#[tokio::test]
async fn an_unexpected_version_deletes_nothing() {
    let fixture = start().await;
    let before = Contents::read(&fixture.app).await;
    for version in [0, 2] {
        let answer = fixture.delete_note(NOTE, json!(version)).await;
        let params = json!({ "expectedVersion": version, "currentVersion": 1 });
        let error = json!([{ "code": "VERSION_CONFLICT", "path": ["input", "expectedVersion"], "params": params }]);
        let note = json!({ "id": format!("Note:{NOTE}"), "version": 1, "subject": "A note" });
        assert_eq!(answer, json!({ "deletedNoteId": null, "note": note, "report": null, "userErrors": error }));
    }
    assert_eq!(Contents::read(&fixture.app).await, before);
    assert_eq!(fixture.delete_note(NOTE, json!(1)).await["userErrors"], json!([]));
}

#[tokio::test]
async fn events_outlive_the_note() {
    let fixture = start().await;
    let post = r#"mutation { noteMessagePost(input: { noteId: 1, message: "x" }) { userErrors { code } } }"#;
    fixture.client.query(post).await;
    fixture.delete_note(NOTE, Value::Null).await;
    let events = event::Entity::find().order_by_asc(event::Column::Id).all(fixture.app.db().read()).await.unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.kind, event.note_id, event.actor_id)).collect();
    let ann = Some(fixture.users[0].id);
    assert_eq!(told, [(EventType::MessagePosted, NOTE, ann), (EventType::Deleted, NOTE, ann)]);
}

#[tokio::test]
async fn a_long_report_is_truncated_and_counts_all() {
    let fixture = start().await;
    let note = fixture.long_note(1_501).await;
    let preview = fixture.preview_deletion(json!([note])).await;
    let items = preview["items"].as_array().unwrap();
    // The note, its messages and its author.
    assert_eq!((&preview["totalCount"], &preview["truncated"], items.len()), (&json!(1_503), &json!(true), 1_000));
    assert_eq!((&items[0], &items[1]), (&item("Note", note, "DELETED"), &item("NoteMessage", 10_001, "DELETED")));
    assert_eq!(fixture.delete_note(note, Value::Null).await["report"], preview);
    assert_eq!(Contents::read(&fixture.app).await.count("message"), 2, "all are gone, named or not");
}

#[tokio::test]
async fn a_report_that_fits_exactly_is_complete() {
    let fixture = start().await;
    let note = fixture.long_note(998).await;
    let preview = fixture.preview_deletion(json!([note])).await;
    assert_eq!((&preview["totalCount"], &preview["truncated"]), (&json!(1_000), &json!(false)));
    assert_eq!(preview["items"][999], item("User", fixture.users[1].id, "DETACHED"));
}
