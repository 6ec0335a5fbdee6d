//! `noteTypeCreate`, `noteTypeRename` and `noteTypeDelete`.

use futures_util::future::join_all;
use notegraph::ids::NoteTypeId;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::Contents;

use crate::fixture::Fixture;

const PAYLOAD: &str = "{ noteType { id name } userErrors { code path params } }";

async fn start() -> Fixture {
    Fixture::with(&["ann"], &[Scope::Admin]).await
}

impl Fixture {
    async fn create_type(&self, name: &str) -> Value {
        let document = format!("mutation($name: String!) {{ noteTypeCreate(name: $name) {PAYLOAD} }}");
        self.client.query_with(&document, json!({ "name": name })).await["noteTypeCreate"].clone()
    }

    async fn rename_type(&self, id: NoteTypeId, name: &str) -> Value {
        let document =
            format!("mutation($id: ID!, $name: String!) {{ noteTypeRename(id: $id, name: $name) {PAYLOAD} }}");
        let variables = json!({ "id": id.to_string(), "name": name });
        self.client.query_with(&document, variables).await["noteTypeRename"].clone()
    }

    async fn delete_type(&self, id: NoteTypeId) -> Value {
        let document = format!("mutation($id: ID!) {{ noteTypeDelete(id: $id) {PAYLOAD} }}");
        self.client.query_with(&document, json!({ "id": id.to_string() })).await["noteTypeDelete"].clone()
    }

    async fn type_names(&self) -> Value {
        self.client.query("{ noteTypes { name } }").await["noteTypes"].clone()
    }
}

fn problem(code: &str, at: &str, params: &Value) -> Value {
    json!({ "noteType": null, "userErrors": [{ "code": code, "path": [at], "params": params }] })
}

#[tokio::test]
async fn a_type_is_created_renamed_and_deleted() {
    let fixture = start().await;
    let made =
        |id: i64, name: &str| json!({ "noteType": { "id": format!("NoteType:{id}"), "name": name }, "userErrors": [] });
    assert_eq!(fixture.create_type("Call").await, made(1, "Call"));
    assert_eq!(fixture.create_type(" call ").await, made(2, " call "), "names are kept as they are");
    assert_eq!(fixture.rename_type(NoteTypeId(1), "Visit").await, made(1, "Visit"));
    assert_eq!(fixture.rename_type(NoteTypeId(1), "Visit").await, made(1, "Visit"), "its own name is not another's");
    assert_eq!(fixture.type_names().await, json!([{ "name": " call " }, { "name": "Visit" }]));
    assert_eq!(fixture.delete_type(NoteTypeId(1)).await, made(1, "Visit"), "the answer tells which one is gone");
    assert_eq!(fixture.type_names().await, json!([{ "name": " call " }]));
    assert_eq!(fixture.create_type("Visit").await["noteType"]["id"], "NoteType:3", "a key is not given again");
}

#[tokio::test]
async fn a_name_is_bounded_and_unique() {
    let fixture = start().await;
    fixture.company.note_type("Call").await;
    let other = fixture.company.note_type("Visit").await.id;
    // Another company may have a type of this name.
    fixture.app.company("Other").await.note_type("Order").await;
    assert_eq!(fixture.create_type("Order").await["userErrors"], json!([]));
    let long = "ü".repeat(256);
    let before = Contents::read(&fixture.app).await;
    for (name, code, params) in [
        ("Call", "TAKEN", Value::Null),
        ("", "REQUIRED", Value::Null),
        (" \n", "REQUIRED", Value::Null),
        ("a\0b", "INVALID", Value::Null),
        (long.as_str(), "TOO_LONG", json!({ "length": 256, "max": 255 })),
    ] {
        assert_eq!(fixture.create_type(name).await, problem(code, "name", &params), "{name:?}");
        assert_eq!(fixture.rename_type(other, name).await, problem(code, "name", &params), "{name:?}");
    }
    assert_eq!(Contents::read(&fixture.app).await, before);
    assert_eq!(fixture.rename_type(other, &"ü".repeat(255)).await["userErrors"], json!([]));
}

#[tokio::test]
async fn a_type_in_use_is_not_deleted() {
    let fixture = start().await;
    let call = fixture.company.note_type("Call").await.id;
    for confidential in [false, true, true] {
        fixture.company.note(|note| (note.type_id, note.confidential) = (Some(call), confidential)).await;
    }
    let before = Contents::read(&fixture.app).await;
    assert_eq!(fixture.delete_type(call).await, problem("IN_USE", "id", &json!({ "count": 3 })));
    assert_eq!(Contents::read(&fixture.app).await, before);
    // Events of notes that had the type do not prevent its deletion.
    let patch = r#"mutation { notesPatch(input: { ids: ["1", "2", "3"], patch: { typeId: null } }) { changedCount } }"#;
    assert_eq!(fixture.client.query(patch).await["notesPatch"]["changedCount"], 3);
    assert_eq!(fixture.delete_type(call).await["userErrors"], json!([]));
}

#[tokio::test]
async fn an_unknown_type_is_not_found() {
    let fixture = start().await;
    let theirs = fixture.app.company("Other").await.note_type("Call").await.id;
    let before = Contents::read(&fixture.app).await;
    for id in [theirs, NoteTypeId(99)] {
        assert_eq!(fixture.rename_type(id, "x").await, problem("NOT_FOUND", "id", &Value::Null));
        assert_eq!(fixture.delete_type(id).await, problem("NOT_FOUND", "id", &Value::Null));
    }
    let all = fixture.rename_type(NoteTypeId(99), "").await;
    let codes: Vec<&Value> = all["userErrors"].as_array().unwrap().iter().map(|error| &error["code"]).collect();
    assert_eq!(codes, ["REQUIRED", "NOT_FOUND"]);
    assert_eq!(Contents::read(&fixture.app).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_creations_of_a_name_create_one_type() {
    let fixture = start().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(fixture.company.note_type(&format!("{n}")).await.id);
    }
    let create = "mutation { change: noteTypeCreate(name: \"Call\") { userErrors { code } } }".to_owned();
    let rename =
        |id| format!("mutation {{ change: noteTypeRename(id: {id}, name: \"Call\") {{ userErrors {{ code }} }} }}");
    let documents: Vec<String> = ids.into_iter().map(rename).chain(std::iter::repeat_n(create, 6)).collect();
    let answers = join_all(documents.into_iter().map(|document| {
        let client = fixture.client.clone();
        tokio::spawn(async move { client.query(&document).await["change"]["userErrors"].clone() })
    }))
    .await;
    let (done, refused): (Vec<Value>, Vec<Value>) =
        answers.into_iter().map(Result::unwrap).partition(|errors| *errors == json!([]));
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|errors| *errors == json!([{ "code": "TAKEN" }])), "{refused:?}");
}

/// Whichever comes first: no note has a deleted type, and nobody gets an internal error.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deleting_a_type_is_safe_beside_new_notes() {
    let fixture = start().await;
    for round in 0..8 {
        let id = fixture.company.note_type(&format!("{round}")).await.id;
        let make = format!(
            "mutation {{ change: noteCreate(input: {{ typeId: {id} }}) {{ note {{ type {{ id }} }} userErrors {{ code }} }} }}"
        );
        let delete = format!("mutation {{ change: noteTypeDelete(id: {id}) {{ userErrors {{ code }} }} }}");
        let answers = join_all([make.clone(), delete, make.clone(), make].map(|document| {
            let client = fixture.client.clone();
            tokio::spawn(async move { client.query(&document).await["change"].clone() })
        }))
        .await;
        let codes: Vec<Option<String>> = answers
            .into_iter()
            .map(|answer| answer.unwrap()["userErrors"][0]["code"].as_str().map(str::to_owned))
            .collect();
        let notes = [0, 2, 3].into_iter().filter(|&at| codes[at].is_none()).count();
        let refused = [0, 2, 3].into_iter().filter(|&at| codes[at].as_deref() == Some("REFERENCE_NOT_FOUND")).count();
        assert_eq!(notes + refused, 3, "{codes:?}");
        assert_eq!(codes[1].as_deref(), (notes > 0).then_some("IN_USE"), "{codes:?}");
    }
}
