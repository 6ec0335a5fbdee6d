//! `notePatch`.

mod matrix;

use futures_util::future::join_all;
use notegraph::ids::NoteId;
use notegraph::store::entity::event::EventType;
use notegraph::store::entity::note::Tags;
use serde_json::{Value, json};

use testkit::Contents;

use crate::fixture::Fixture;

const PATCH: &str = "mutation($input: NotePatchInput!) { notePatch(input: $input) {
    note { id version subject status tags closedOn updatedOn updatedBy { username } } changedFields
    userErrors { code path params } } }";

impl Fixture {
    async fn tagged(&self, tags: &[&str]) -> NoteId {
        self.company.note(|note| note.tags = Tags(tags.iter().map(|&tag| tag.to_owned()).collect())).await.id
    }

    async fn send_patch(&self, input: Value) -> Value {
        self.client.query_with(PATCH, json!({ "input": input })).await["notePatch"].clone()
    }

    async fn patch(&self, id: NoteId, patch: Value) -> Value {
        self.send_patch(json!({ "id": id.to_string(), "patch": patch })).await
    }

    /// The user errors of a patch, which must change nothing.
    async fn patch_errors(&self, id: NoteId, patch: Value) -> Value {
        let answer = self.unchanged(self.patch(id, patch)).await;
        assert_eq!(answer["note"], Value::Null);
        answer["userErrors"].clone()
    }
}

#[tokio::test]
async fn a_patch_that_changes_nothing_leaves_no_trace() {
    let fixture = Fixture::new().await;
    let cara = fixture.company.customer("Cara").await;
    let note = fixture
        .company
        .note(|note| (note.customer_id, note.tags) = (Some(cara.id), Tags(vec!["a".to_owned(), "b".to_owned()])))
        .await;
    let before = Contents::read(&fixture.app).await;
    for patch in [
        json!({}),
        json!({ "subject": "A note", "status": "OPEN", "priority": false, "tags": ["a", "b", "a"], "details": null }),
        json!({ "customerId": cara.id, "typeId": null }),
        json!({ "addTags": ["b"], "removeTags": ["c"] }),
        json!({ "addTags": [] }),
    ] {
        let answer = fixture.patch(note.id, patch).await;
        assert_eq!((&answer["changedFields"], &answer["userErrors"]), (&json!([]), &json!([])));
        assert_eq!(answer["note"]["version"], 1);
        assert_eq!(Contents::read(&fixture.app).await, before);
    }
}

#[tokio::test]
async fn only_changed_fields_are_reported() {
    let fixture = Fixture::new().await;
    let id = fixture.tagged(&[]).await;
    let answer = fixture.patch(id, json!({ "subject": "A note", "details": "", "priority": true })).await;
    assert_eq!(answer["changedFields"], json!(["details", "priority"]), "empty text is not null");
    assert_eq!((&answer["note"]["version"], &answer["note"]["updatedBy"]["username"]), (&json!(2), &json!("ann")));
}

#[tokio::test]
async fn an_unexpected_version_returns_the_current_note() {
    let fixture = Fixture::new().await;
    let id = fixture.tagged(&[]).await;
    let input = |subject: &str, version| json!({ "id": id.to_string(), "patch": { "subject": subject }, "expectedVersion": version });
    assert_eq!(fixture.send_patch(input("first", 1)).await["note"]["version"], 2);
    let before = Contents::read(&fixture.app).await;
    // The last patch would change nothing, but still comes from a client that has not seen the current note.
    for (subject, version) in [("second", 1), ("second", 3), ("second", 0), ("second", -1), ("first", 1)] {
        let answer = fixture.send_patch(input(subject, version)).await;
        let params = json!({ "expectedVersion": version, "currentVersion": 2 });
        let error = json!({ "code": "VERSION_CONFLICT", "path": ["input", "expectedVersion"], "params": params });
        assert_eq!(answer["userErrors"], json!([error]));
        assert_eq!((&answer["note"]["subject"], &answer["note"]["version"]), (&json!("first"), &json!(2)));
        assert_eq!(answer["changedFields"], json!([]));
    }
    assert_eq!(Contents::read(&fixture.app).await, before);
    assert_eq!(fixture.send_patch(input("second", 2)).await["note"]["version"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_with_the_same_expected_version_wins() {
    let fixture = Fixture::new().await;
    let id = fixture.tagged(&[]).await;
    let answers = join_all((0..16).map(|n| {
        let client = fixture.client.clone();
        let patch = json!({ "id": id.to_string(), "patch": { "subject": format!("{n}") }, "expectedVersion": 1 });
        async move {
            let answer = tokio::spawn(async move { client.query_with(PATCH, json!({ "input": patch })).await });
            answer.await.unwrap()["notePatch"].clone()
        }
    }))
    .await;
    let (won, lost): (Vec<&Value>, Vec<&Value>) = answers.iter().partition(|answer| answer["userErrors"] == json!([]));
    assert_eq!((won.len(), lost.len()), (1, 15));
    for answer in lost {
        assert_eq!(answer["userErrors"][0]["code"], "VERSION_CONFLICT");
        assert_eq!(answer["note"], won[0]["note"], "the loser sees what the winner wrote");
    }
    assert_eq!(fixture.events().await.len(), 1);
}

/// Without an expected version no patch is lost: each applies its own change.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrently_added_tags_are_all_kept() {
    let fixture = Fixture::new().await;
    let id = fixture.tagged(&[]).await;
    let answers = join_all((0..16).map(|n| {
        let client = fixture.client.clone();
        let patch = json!({ "id": id.to_string(), "patch": { "addTags": [format!("{n:02}")] } });
        tokio::spawn(async move { client.query_with(PATCH, json!({ "input": patch })).await["notePatch"].clone() })
    }))
    .await;
    assert!(answers.into_iter().all(|answer| answer.unwrap()["userErrors"] == json!([])));
    let note = fixture.patch(id, json!({})).await["note"].clone();
    let mut tags: Vec<&str> = note["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    tags.sort_unstable();
    assert_eq!(tags, (0..16).map(|n| format!("{n:02}")).collect::<Vec<_>>());
    assert_eq!(note["version"], 17);
}

#[tokio::test]
async fn closing_is_dated_and_opening_again_clears_it() {
    let fixture = Fixture::new().await;
    let id = fixture.tagged(&[]).await;
    let closed = fixture.patch(id, json!({ "status": "CLOSED", "subject": "Done" })).await["note"].clone();
    assert_eq!(closed["closedOn"], closed["updatedOn"]);
    // Further changes of a closed note keep its closing time.
    let edited = fixture.patch(id, json!({ "status": "CLOSED", "subject": "Edited" })).await["note"].clone();
    assert_eq!(edited["closedOn"], closed["closedOn"]);
    let open = fixture.patch(id, json!({ "status": "OPEN" })).await["note"].clone();
    assert_eq!((&open["status"], &open["closedOn"]), (&json!("OPEN"), &Value::Null));
}

#[tokio::test]
async fn the_event_log_has_old_and_new_values_as_in_the_api() {
    let fixture = Fixture::new().await;
    let cara = fixture.company.customer("Cara").await;
    let id = fixture.tagged(&["a"]).await;
    let fields = json!({ "customerId": cara.id, "referenceType": "POINT_EARNED", "priority": true, "tags": null,
        "reminder": "2026-06-01T02:00:00+02:00" });
    fixture.patch(id, fields).await;
    fixture.patch(id, json!({ "status": "CLOSED", "subject": null })).await;
    fixture.patch(id, json!({ "status": "OPEN" })).await;

    let told: Vec<(EventType, Value)> =
        fixture.events().await.into_iter().map(|event| (event.kind, json!(event.changes))).collect();
    let change = |field: &str, old: Value, new: Value| json!({ "field": field, "old": old, "new": new });
    let updated = json!([
        change("customerId", Value::Null, json!(format!("Customer:{}", cara.id))),
        change("reminder", Value::Null, json!("2026-06-01T00:00:00Z")),
        change("referenceType", Value::Null, json!("POINT_EARNED")),
        change("priority", json!(false), json!(true)),
        change("tags", json!(["a"]), json!([])),
    ]);
    let closed =
        json!([change("subject", json!("A note"), Value::Null), change("status", json!("OPEN"), json!("CLOSED"))]);
    let reopened = json!([change("status", json!("CLOSED"), json!("OPEN"))]);
    assert_eq!(told, [(EventType::Updated, updated), (EventType::Closed, closed), (EventType::Reopened, reopened)]);
    for event in fixture.events().await {
        assert_eq!((event.note_id, event.actor_id), (id, Some(fixture.users[0].id)));
    }
}

#[tokio::test]
async fn tags_are_set_added_and_removed() {
    let fixture = Fixture::new().await;
    for (patch, tags) in [
        (json!({ "tags": ["c", "a", "c"] }), json!(["c", "a"])),
        (json!({ "tags": [] }), json!([])),
        (json!({ "addTags": ["b", "c", "c", "d"] }), json!(["a", "b", "c", "d"])),
        (json!({ "removeTags": ["a", "x"] }), json!(["b"])),
        (json!({ "addTags": ["a", "c"], "removeTags": ["a"] }), json!(["b", "a", "c"])),
    ] {
        let id = fixture.tagged(&["a", "b"]).await;
        assert_eq!(fixture.patch(id, patch.clone()).await["note"]["tags"], tags, "{patch}");
    }
}

#[tokio::test]
async fn tags_are_bounded() {
    let fixture = Fixture::new().await;
    let tags = |range: std::ops::Range<i32>| range.map(|n| n.to_string()).collect::<Vec<_>>();
    let id = fixture.tagged(&["a", "b"]).await;
    let error = |code: &str, path: Value| json!([code, path]);
    let many = |count: i32, field: &str| {
        (error("TOO_MANY", json!(["input", "patch", field])), json!({ "count": count, "max": 100 }))
    };
    for (patch, (expected, params)) in [
        (json!({ "tags": tags(0..101) }), many(101, "tags")),
        (json!({ "addTags": tags(0..99) }), many(101, "addTags")),
        (json!({ "addTags": tags(0..101) }), many(101, "addTags")),
        (json!({ "removeTags": tags(0..101) }), many(101, "removeTags")),
        (json!({ "tags": ["x", "x", ""] }), (error("INVALID", json!(["input", "patch", "tags", "2"])), Value::Null)),
        (json!({ "addTags": ["\t"] }), (error("INVALID", json!(["input", "patch", "addTags", "0"])), Value::Null)),
        (json!({ "addTags": ["a\0"] }), (error("INVALID", json!(["input", "patch", "addTags", "0"])), Value::Null)),
        (
            json!({ "tags": ["a"], "addTags": ["b"] }),
            (error("INVALID", json!(["input", "patch", "tags"])), Value::Null),
        ),
        (
            json!({ "tags": null, "removeTags": ["b"] }),
            (error("INVALID", json!(["input", "patch", "tags"])), Value::Null),
        ),
    ] {
        let problems = fixture.patch_errors(id, patch.clone()).await;
        assert_eq!(json!([problems[0]["code"], problems[0]["path"]]), expected, "{patch}");
        assert_eq!(problems[0]["params"], params);
    }
    assert_eq!(fixture.patch(id, json!({ "addTags": tags(0..98) })).await["userErrors"], json!([]));
    // Tags that the same patch removes make room.
    let swap = json!({ "addTags": ["c", "d"], "removeTags": ["a", "b"] });
    assert_eq!(fixture.patch(id, swap).await["userErrors"], json!([]));
}

/// An import may have brought more tags than allowed: they can be edited, but not added to.
#[tokio::test]
async fn too_many_imported_tags_can_be_edited_but_not_extended() {
    let fixture = Fixture::new().await;
    let tags: Vec<String> = (0..150).map(|n| n.to_string()).collect();
    let id = fixture.company.note(|note| note.tags = Tags(tags)).await.id;
    assert_eq!(fixture.patch(id, json!({ "subject": "x" })).await["userErrors"], json!([]));
    assert_eq!(fixture.patch(id, json!({ "removeTags": ["0"] })).await["userErrors"], json!([]));
    assert_eq!(fixture.patch_errors(id, json!({ "addTags": ["x"] })).await[0]["code"], "TOO_MANY");
}

#[tokio::test]
async fn texts_are_bounded() {
    let fixture = Fixture::new().await;
    let id = fixture.tagged(&[]).await;
    for (field, max) in [("subject", 1_000), ("details", 250_000), ("referenceId", 255)] {
        assert_eq!(fixture.patch(id, json!({ field: "ü".repeat(max) })).await["changedFields"], json!([field]));
        let problem =
            |code: &str, params: Value| json!([{ "code": code, "path": ["input", "patch", field], "params": params }]);
        let too_long = problem("TOO_LONG", json!({ "length": max + 1, "max": max }));
        assert_eq!(fixture.patch_errors(id, json!({ field: "ü".repeat(max + 1) })).await, too_long);
        assert_eq!(fixture.patch_errors(id, json!({ field: "\0" })).await, problem("INVALID", Value::Null));
    }
}

#[tokio::test]
async fn all_user_errors_are_returned_and_nothing_is_changed() {
    let fixture = Fixture::new().await;
    let id = fixture.tagged(&[]).await;
    let patch = json!({ "subject": "x", "status": null, "customerId": "99", "typeId": "Note:1", "details": "\0",
        "addTags": [""], "priority": null, "confidential": true });
    let problems = fixture.patch_errors(id, patch).await;
    let mut told: Vec<String> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| format!("{} {}", problem["code"].as_str().unwrap(), problem["path"][2].as_str().unwrap()))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "FORBIDDEN confidential",
            "INVALID addTags",
            "INVALID details",
            "INVALID typeId",
            "NULL_NOT_ALLOWED priority",
            "NULL_NOT_ALLOWED status",
            "REFERENCE_NOT_FOUND customerId",
        ]
    );
}

#[tokio::test]
async fn malformed_values_are_refused_before_execution() {
    let fixture = Fixture::new().await;
    let id = fixture.tagged(&[]).await;
    let before = Contents::read(&fixture.app).await;
    for patch in [
        r#"status: "CLOSED""#,
        "status: DONE",
        "priority: 1",
        r#"reminder: "tomorrow""#,
        "subject: 5",
        "unknown: 1",
        "tags: [null]",
        "tags: [1]",
        r#"referenceType: "ORDER""#,
    ] {
        let document = format!(
            "mutation {{ notePatch(input: {{ id: {id}, patch: {{ subject: \"x\" {patch} }} }}) {{ changedFields }} }}"
        );
        let response = fixture.client.query(&document).await;
        assert!(!response.errors().is_empty(), "{patch} was taken");
    }
    for (field, value) in [
        ("status", json!("DONE")),
        ("priority", json!("true")),
        ("reminder", json!("2026-13-01T00:00:00Z")),
        ("unknown", json!(1)),
        ("tags", json!([null])),
        ("subject", json!(5)),
        ("subject", json!(["x"])),
    ] {
        let input = json!({ "id": id.to_string(), "patch": { "details": "x", field: value } });
        let response = fixture.client.query_with(PATCH, json!({ "input": input })).await;
        assert!(!response.errors().is_empty(), "{field} {value} was taken");
    }
    for version in ["3000000000", "1.5", "\"1\""] {
        let document = format!(
            "mutation {{ notePatch(input: {{ id: {id}, patch: {{ subject: \"x\" }}, expectedVersion: {version} }}) {{ changedFields }} }}"
        );
        assert!(!fixture.client.query(&document).await.errors().is_empty(), "{version} was taken");
    }
    assert_eq!(Contents::read(&fixture.app).await, before);
}
