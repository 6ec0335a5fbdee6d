//! `noteDelete` and `noteDeletePreview`.

use notegraph::ids::{CustomerId, MessageId, NoteId};
use notegraph::store::entity::event::{self, EventType};
use notegraph::store::entity::message;
use notegraph::store::entity::token::Scope;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder};
use serde_json::{Value, json};

use testkit::{App, Client, Company, Contents, User};

const REPORT: &str = "totalCount truncated items { typeName recordId action }";

struct Desk {
    app: App,
    company: Company,
    people: [User; 3],
    client: Client,
    note: NoteId,
}

impl Desk {
    /// Creates a note with a customer, a type, an author who is also an assignee, another assignee, and two messages.
    async fn new() -> Self {
        let app = App::start().await;
        let company = app.company("Acme").await;
        let people = [company.user("ann").await, company.user("bob").await, company.user("cid").await];
        let client = people[0].token(&[Scope::Read, Scope::Write]).await;
        let (cara, call) = (company.customer("Cara").await, company.note_type("Call").await);
        let note = company
            .note(|note| {
                (note.customer_id, note.type_id, note.user_id) = (Some(cara.id), Some(call.id), Some(people[1].id));
            })
            .await
            .id;
        for person in [&people[2], &people[1]] {
            company.assign(note, person.id).await;
            company.message(note, |message| message.posted_by_id = Some(person.id)).await;
        }
        Self { app, company, people, client, note }
    }

    async fn delete(&self, id: NoteId, expected_version: Value) -> Value {
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
            self.company.note(|note| (note.user_id, note.message_count) = (Some(self.people[1].id), messages)).await;
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

    async fn preview(&self, ids: Value) -> Value {
        let document = format!("query($ids: [ID!]!) {{ noteDeletePreview(ids: $ids) {{ {REPORT} }} }}");
        self.client.query_with(&document, json!({ "ids": ids })).await["noteDeletePreview"].clone()
    }
}

fn item(kind: &str, id: impl std::fmt::Display, action: &str) -> Value {
    json!({ "typeName": kind, "recordId": format!("{kind}:{id}"), "action": action })
}

#[tokio::test]
async fn the_payload_names_deleted_and_detached_records() {
    let desk = Desk::new().await;
    let preview = desk.preview(json!([desk.note])).await;
    let expected = json!({ "totalCount": 7, "truncated": false, "items": [
        item("Note", desk.note, "DELETED"),
        item("NoteMessage", 1, "DELETED"),
        item("NoteMessage", 2, "DELETED"),
        item("Customer", 1, "DETACHED"),
        item("User", desk.people[1].id, "DETACHED"),
        item("User", desk.people[2].id, "DETACHED"),
        item("NoteType", 1, "DETACHED"),
    ] });
    assert_eq!(preview, expected);
    let answer = desk.delete(desk.note, Value::Null).await;
    let deleted = format!("Note:{}", desk.note);
    assert_eq!(answer, json!({ "deletedNoteId": deleted, "note": null, "report": expected, "userErrors": [] }));
}

#[tokio::test]
async fn a_note_is_deleted_only_with_its_messages_and_assignments() {
    let desk = Desk::new().await;
    let other = desk.company.note(|note| note.customer_id = Some(CustomerId(1))).await.id;
    desk.company.message(other, |_| {}).await;
    desk.company.assign(other, desk.people[1].id).await;
    let before = Contents::read(&desk.app).await;
    desk.delete(desk.note, Value::Null).await;
    let mut after = Contents::read(&desk.app).await;
    assert_eq!(after.0.remove("event").unwrap().len(), 1);
    for (table, mut rows) in before.0 {
        let link = if table == "note" { "id" } else { "note_id" };
        if ["note", "message", "assignment", "search_part", "search_note"].contains(&table.as_str()) {
            rows.retain(|row| row[link] != desk.note.0);
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
    let desk = Desk::new().await;
    let before = Contents::read(&desk.app).await;
    let id = desk.note.to_string();
    assert_eq!(desk.preview(json!(["99", id, id, format!("Note:{id}")])).await, desk.preview(json!([id])).await);
    assert_eq!(desk.preview(json!([])).await, json!({ "totalCount": 0, "truncated": false, "items": [] }));
    assert_eq!(Contents::read(&desk.app).await, before);
}

#[tokio::test]
async fn a_preview_of_many_names_each_record_once() {
    let desk = Desk::new().await;
    let other = desk
        .company
        .note(|note| (note.customer_id, note.user_id) = (Some(CustomerId(1)), Some(desk.people[1].id)))
        .await
        .id;
    desk.company.message(other, |_| {}).await;
    let preview = desk.preview(json!([other, desk.note])).await;
    let items = preview["items"].as_array().unwrap();
    // One note and one message more than for the first note alone.
    assert_eq!((preview["totalCount"].as_u64(), items.len()), (Some(9), 9));
    for (at, item) in items.iter().enumerate() {
        assert!(!items[..at].contains(item), "{item} stands there twice");
    }
}

#[tokio::test]
async fn a_preview_accepts_at_most_a_hundred_notes() {
    let desk = Desk::new().await;
    let ids = |count: i32| json!((1..=count).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(desk.preview(ids(100)).await["totalCount"], 7);
    let response = desk
        .client
        .query_with("query($ids: [ID!]!) { noteDeletePreview(ids: $ids) { totalCount } }", json!({ "ids": ids(101) }))
        .await;
    assert_eq!(response.codes(), ["INVALID"]);
}

#[tokio::test]
async fn a_deleted_note_is_not_found() {
    let desk = Desk::new().await;
    desk.delete(desk.note, Value::Null).await;
    let before = Contents::read(&desk.app).await;
    let gone = json!([{ "code": "NOT_FOUND", "path": ["input", "id"], "params": null }]);
    let answer = desk.delete(desk.note, json!(1)).await;
    assert_eq!(answer, json!({ "deletedNoteId": null, "note": null, "report": null, "userErrors": gone }));
    assert_eq!(Contents::read(&desk.app).await, before);
    let response = desk.client.query(r#"{ note(id: 1) { id } nodes(ids: ["Note:1", "NoteMessage:1"]) { id } }"#).await;
    assert_eq!(*response.data(), json!({ "note": null, "nodes": [null, null] }));
}

#[tokio::test]
async fn an_unexpected_version_deletes_nothing() {
    let desk = Desk::new().await;
    let before = Contents::read(&desk.app).await;
    for version in [0, 2] {
        let answer = desk.delete(desk.note, json!(version)).await;
        let params = json!({ "expectedVersion": version, "currentVersion": 1 });
        let error = json!([{ "code": "VERSION_CONFLICT", "path": ["input", "expectedVersion"], "params": params }]);
        let note = json!({ "id": format!("Note:{}", desk.note), "version": 1, "subject": "A note" });
        assert_eq!(answer, json!({ "deletedNoteId": null, "note": note, "report": null, "userErrors": error }));
    }
    assert_eq!(Contents::read(&desk.app).await, before);
    assert_eq!(desk.delete(desk.note, json!(1)).await["userErrors"], json!([]));
}

#[tokio::test]
async fn events_outlive_the_note() {
    let desk = Desk::new().await;
    let post = r#"mutation { noteMessagePost(input: { noteId: 1, message: "x" }) { userErrors { code } } }"#;
    desk.client.query(post).await;
    desk.delete(desk.note, Value::Null).await;
    let events = event::Entity::find().order_by_asc(event::Column::Id).all(desk.app.db().read()).await.unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.kind, event.note_id, event.actor_id)).collect();
    let ann = Some(desk.people[0].id);
    assert_eq!(told, [(EventType::MessagePosted, desk.note, ann), (EventType::Deleted, desk.note, ann)]);
}

#[tokio::test]
async fn a_long_report_is_truncated_and_counts_all() {
    let desk = Desk::new().await;
    let note = desk.long_note(1_501).await;
    let preview = desk.preview(json!([note])).await;
    let items = preview["items"].as_array().unwrap();
    // The note, its messages and its author.
    assert_eq!((&preview["totalCount"], &preview["truncated"], items.len()), (&json!(1_503), &json!(true), 1_000));
    assert_eq!((&items[0], &items[1]), (&item("Note", note, "DELETED"), &item("NoteMessage", 10_001, "DELETED")));
    assert_eq!(desk.delete(note, Value::Null).await["report"], preview);
    assert_eq!(Contents::read(&desk.app).await.count("message"), 2, "all are gone, named or not");
}

#[tokio::test]
async fn a_report_that_fits_exactly_is_complete() {
    let desk = Desk::new().await;
    let note = desk.long_note(998).await;
    let preview = desk.preview(json!([note])).await;
    assert_eq!((&preview["totalCount"], &preview["truncated"]), (&json!(1_000), &json!(false)));
    assert_eq!(preview["items"][999], item("User", desk.people[1].id, "DETACHED"));
}
