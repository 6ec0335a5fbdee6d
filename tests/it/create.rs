//! `noteCreate`.

use notegraph::ids::NoteId;
use notegraph::store::entity::event::{self, EventType};
use notegraph::store::entity::token::Scope;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use testkit::{App, Contents};

use crate::fixture::Fixture;

const CREATE: &str = "mutation($input: NoteCreateInput!) { noteCreate(input: $input) {
    note {
      id version subject details status reminder tags referenceType referenceId confidential priority showOnOverview
      type { name } customer { fullName } user { username } updatedBy { username } assignees { user { username } }
      messageCount createdOn updatedOn closedOn
    }
    noteEdge { cursor node { id } }
    userErrors { code path params }
  } }";

impl Fixture {
    async fn create_note(&self, input: Value) -> Value {
        self.client.query_with(CREATE, json!({ "input": input })).await["noteCreate"].clone()
    }

    /// The user errors of an input, which must not create anything.
    async fn create_errors(&self, input: Value) -> Value {
        let answer = self.unchanged(self.create_note(input)).await;
        assert_eq!((&answer["note"], &answer["noteEdge"]), (&Value::Null, &Value::Null));
        answer["userErrors"].clone()
    }

    async fn create_error(&self, input: Value) -> Value {
        let problems = self.create_errors(input).await;
        assert_eq!(problems.as_array().unwrap().len(), 1, "{problems:#}");
        problems[0].clone()
    }
}

/// A new field must be stored, and read back here.
#[tokio::test]
async fn every_field_is_stored() {
    let fixture = Fixture::new().await;
    let (bob, cara) = (fixture.company.user("bob").await, fixture.company.customer("Cara").await);
    let call = fixture.company.note_type("Call").await;
    let input = json!({
        "customerId": format!("Customer:{}", cara.id), "typeId": call.id.to_string(), "subject": "Subject ✓",
        "details": "Line 1\nLine 2", "status": "CLOSED", "reminder": "2026-05-01T10:00:00.123456789+02:00",
        "referenceType": "MEMBERSHIP_CARD", "referenceId": "A-1", "confidential": true, "priority": true,
        "showOnOverview": true, "tags": ["b", "a", "b"],
        "assigneeIds": [format!("User:{}", bob.id), fixture.users[0].id.to_string(), format!("User:{}", bob.id)],
        "idempotencyKey": "a key",
    });
    let schema = fixture.client.query(r#"{ __type(name: "NoteCreateInput") { inputFields { name } } }"#).await;
    for field in schema["__type"]["inputFields"].as_array().unwrap() {
        assert!(!input[field["name"].as_str().unwrap()].is_null(), "nothing tests {field}");
    }
    let answer = fixture.create_note(input).await;
    assert_eq!(answer["userErrors"], json!([]));
    let note = &answer["note"];
    let expected = json!({
        "id": note["id"], "version": 1, "subject": "Subject ✓", "details": "Line 1\nLine 2", "status": "CLOSED",
        "reminder": "2026-05-01T08:00:00.123456Z", "tags": ["b", "a"], "referenceType": "MEMBERSHIP_CARD",
        "referenceId": "A-1", "confidential": true, "priority": true, "showOnOverview": true,
        "type": { "name": "Call" }, "customer": { "fullName": "Cara" }, "user": { "username": "ann" },
        "updatedBy": { "username": "ann" }, "messageCount": 0,
        "assignees": [{ "user": { "username": "bob" } }, { "user": { "username": "ann" } }],
        "createdOn": note["createdOn"], "updatedOn": note["createdOn"], "closedOn": note["createdOn"],
    });
    assert_eq!(*note, expected);
    // The response shows what the database contains.
    let selection = &CREATE[CREATE.find("id version").unwrap()..CREATE.find("noteEdge").unwrap()];
    let read = fixture.client.query(&format!("{{ note(id: {}) {{ {selection} }}", note["id"])).await;
    assert_eq!(read["note"], expected);
}

#[tokio::test]
async fn absent_or_null_fields_have_defaults() {
    let fixture = Fixture::new().await;
    let expected = |note: &Value| {
        json!({
            "id": note["id"], "version": 1, "subject": null, "details": null, "status": "OPEN", "reminder": null,
            "tags": [], "referenceType": null, "referenceId": null, "confidential": false, "priority": false,
            "showOnOverview": false, "type": null, "customer": null, "user": { "username": "ann" },
            "updatedBy": { "username": "ann" }, "assignees": [], "messageCount": 0, "createdOn": note["createdOn"],
            "updatedOn": note["createdOn"], "closedOn": null,
        })
    };
    let nulls = json!({ "customerId": null, "typeId": null, "subject": null, "details": null, "reminder": null,
        "referenceType": null, "referenceId": null, "tags": null, "assigneeIds": null });
    for input in [json!({}), nulls] {
        let answer = fixture.create_note(input).await;
        assert_eq!(answer["note"], expected(&answer["note"]));
    }
    // An empty text is stored as a text.
    assert_eq!(fixture.create_note(json!({ "subject": "", "details": "" })).await["note"]["subject"], "");
}

#[tokio::test]
async fn null_means_the_default() {
    let fixture = Fixture::new().await;
    for field in ["status", "confidential", "priority", "showOnOverview"] {
        let note = fixture.create_note(json!({ field: null })).await["note"].clone();
        assert_eq!(note[field], if field == "status" { json!("OPEN") } else { json!(false) }, "{field}");
    }
}

#[tokio::test]
async fn texts_and_lists_are_bounded() {
    let fixture = Fixture::new().await;
    // The limits count characters, not bytes.
    for (field, max) in [("subject", 1_000), ("details", 250_000), ("referenceId", 255)] {
        let answer = fixture.create_note(json!({ field: "ü".repeat(max) })).await;
        assert_eq!(answer["note"][field].as_str().unwrap().chars().count(), max);
        let params = json!({ "length": max + 1, "max": max });
        let expected = json!({ "code": "TOO_LONG", "path": ["input", field], "params": params });
        assert_eq!(fixture.create_error(json!({ field: "ü".repeat(max + 1) })).await, expected);
        let expected = json!({ "code": "INVALID", "path": ["input", field], "params": null });
        assert_eq!(fixture.create_error(json!({ field: "a\0b" })).await, expected);
    }
    let tags = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
    let answer = fixture.create_note(json!({ "tags": ([tags(100), tags(100)].concat()) })).await;
    assert_eq!(answer["note"]["tags"], json!(tags(100)), "repetitions do not count");
    let expected = json!({ "code": "TOO_MANY", "path": ["input", "tags"], "params": { "count": 101, "max": 100 } });
    assert_eq!(fixture.create_error(json!({ "tags": tags(101) })).await, expected);
    let expected =
        json!({ "code": "TOO_MANY", "path": ["input", "assigneeIds"], "params": { "count": 101, "max": 100 } });
    assert_eq!(fixture.create_error(json!({ "assigneeIds": tags(101) })).await, expected);
}

#[tokio::test]
async fn an_invalid_tag_is_reported_with_its_path() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.create_note(json!({ "tags": ["t".repeat(200), " t "] })).await["note"]["tags"][1], " t ");
    for (tag, code) in [
        ("t".repeat(201), "TOO_LONG"),
        (String::new(), "INVALID"),
        (" \n".to_owned(), "INVALID"),
        ("\0".to_owned(), "INVALID"),
    ] {
        let problem = fixture.create_error(json!({ "tags": ["a", "a", tag] })).await;
        assert_eq!((&problem["code"], &problem["path"]), (&json!(code), &json!(["input", "tags", "2"])), "{tag:?}");
    }
}

/// A list of any length gives one error, and quickly.
#[tokio::test]
async fn a_far_too_long_list_is_one_user_error() {
    let fixture = Fixture::new().await;
    let many: Vec<String> = (1..=30_000).map(|n| n.to_string()).collect();
    for field in ["tags", "assigneeIds"] {
        let problem = fixture.create_error(json!({ field: many })).await;
        assert_eq!(problem["params"], json!({ "count": 30_000, "max": 100 }));
    }
}

#[tokio::test]
async fn unknown_references_are_reported_with_their_path() {
    let fixture = Fixture::new().await;
    let me = fixture.users[0].id.to_string();
    for (input, path) in [
        (json!({ "customerId": "99" }), json!(["input", "customerId"])),
        (json!({ "typeId": "99" }), json!(["input", "typeId"])),
        (json!({ "assigneeIds": [me, "99"] }), json!(["input", "assigneeIds", "1"])),
    ] {
        let expected = json!({ "code": "REFERENCE_NOT_FOUND", "path": path, "params": null });
        assert_eq!(fixture.create_error(input).await, expected);
    }
}

#[tokio::test]
async fn all_user_errors_are_returned_at_once() {
    let fixture = Fixture::new().await;
    let problems = fixture
        .create_errors(json!({
            "customerId": "Customer:99", "typeId": "Note:1", "subject": "s".repeat(1_001), "details": "\0",
            "referenceId": "r".repeat(256), "tags": [""], "assigneeIds": ["98", "User:97"],
        }))
        .await;
    let mut told: Vec<String> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            let path: Vec<&str> =
                problem["path"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            format!("{} {}", problem["code"].as_str().unwrap(), path.join("."))
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "INVALID input.details",
            "INVALID input.tags.0",
            "INVALID input.typeId",
            "REFERENCE_NOT_FOUND input.assigneeIds.0",
            "REFERENCE_NOT_FOUND input.assigneeIds.1",
            "REFERENCE_NOT_FOUND input.customerId",
            "TOO_LONG input.referenceId",
            "TOO_LONG input.subject",
        ]
    );
}

#[tokio::test]
async fn the_edge_belongs_to_the_list_of_all_notes() {
    let fixture = Fixture::new().await;
    let older = fixture.create_note(json!({ "subject": "older" })).await;
    let newer = fixture.create_note(json!({ "subject": "newer" })).await;
    let list = "query($after: String!) { notes(first: 5, after: $after) { nodes { id } } }";
    for (edge, follow) in
        [(&newer["noteEdge"], json!([{ "id": older["note"]["id"] }])), (&older["noteEdge"], json!([]))]
    {
        let response = fixture.client.query_with(list, json!({ "after": edge["cursor"] })).await;
        assert_eq!(response["notes"]["nodes"], follow);
    }
    assert_eq!(newer["noteEdge"]["node"]["id"], newer["note"]["id"]);
    let first = fixture.client.query("{ notes { edges { cursor } } }").await;
    assert_eq!(first["notes"]["edges"][0]["cursor"], newer["noteEdge"]["cursor"]);
}

#[tokio::test]
async fn the_event_log_names_the_author() {
    let fixture = Fixture::new().await;
    fixture.create_note(json!({ "subject": "x" })).await;
    let events = event::Entity::find().all(fixture.app.db().read()).await.unwrap();
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((event.kind, event.note_id, event.actor_id), (EventType::Created, NoteId(1), Some(fixture.users[0].id)));
    let note = fixture.client.query("{ note(id: 1) { createdOn } }").await["note"]["createdOn"].clone();
    assert_eq!(note.as_str().unwrap().parse(), Ok(event.created_on));
}

/// The first change is done although the second one is refused: each has its own transaction.
#[tokio::test]
async fn each_mutation_of_a_document_succeeds_or_fails_alone() {
    let fixture = Fixture::new().await;
    let response = fixture
        .client
        .query(
            r#"mutation { a: noteCreate(input: { subject: "a" }) { note { id } }
                 b: noteCreate(input: { subject: "b", customerId: "99" }) { note { id } }
                 c: noteCreate(input: { subject: "c" }) { note { id } } }"#,
        )
        .await;
    assert_eq!(
        *response.data(),
        json!({ "a": { "note": { "id": "Note:1" } }, "b": { "note": null }, "c": { "note": { "id": "Note:3" } } })
    );
    assert_eq!(Contents::read(&fixture.app).await.count("note"), 2);
}

#[tokio::test]
async fn a_mutation_that_is_selected_twice_runs_once() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = acme.user("ann").await.token(&[Scope::Write]).await;
    let answer = client
        .query(
            "mutation { noteCreate(input: { subject: \"once\" }) { note { id } } ...more
                other: noteCreate(input: { subject: \"another\" }) { note { subject } } }
             fragment more on Mutation { noteCreate(input: { subject: \"once\" }) { note { subject } userErrors { code } } }",
        )
        .await;
    let made = &answer.data()["noteCreate"];
    assert_eq!((&made["note"]["subject"], made["userErrors"].as_array().map(Vec::len)), (&json!("once"), Some(0)));
    assert!(made["note"]["id"].is_string());
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 2);
}
