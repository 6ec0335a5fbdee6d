//! `noteTypeCreate`, `noteTypeRename` and `noteTypeDelete`.

use futures_util::future::join_all;
use notegraph::ids::NoteTypeId;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{App, Client, Company, Contents};

const PAYLOAD: &str = "{ noteType { id name } userErrors { code path params } }";

struct Desk {
    app: App,
    company: Company,
    client: Client,
}

impl Desk {
    async fn new() -> Self {
        let app = App::start().await;
        let company = app.company("Acme").await;
        let client = company.user("ann").await.token(&[Scope::Admin]).await;
        Self { app, company, client }
    }

    async fn create(&self, name: &str) -> Value {
        let document = format!("mutation($name: String!) {{ noteTypeCreate(name: $name) {PAYLOAD} }}");
        self.client.query_with(&document, json!({ "name": name })).await["noteTypeCreate"].clone()
    }

    async fn rename(&self, id: NoteTypeId, name: &str) -> Value {
        let document =
            format!("mutation($id: ID!, $name: String!) {{ noteTypeRename(id: $id, name: $name) {PAYLOAD} }}");
        let variables = json!({ "id": id.to_string(), "name": name });
        self.client.query_with(&document, variables).await["noteTypeRename"].clone()
    }

    async fn delete(&self, id: NoteTypeId) -> Value {
        let document = format!("mutation($id: ID!) {{ noteTypeDelete(id: $id) {PAYLOAD} }}");
        self.client.query_with(&document, json!({ "id": id.to_string() })).await["noteTypeDelete"].clone()
    }

    async fn names(&self) -> Value {
        self.client.query("{ noteTypes { name } }").await["noteTypes"].clone()
    }
}

fn problem(code: &str, at: &str, params: &Value) -> Value {
    json!({ "noteType": null, "userErrors": [{ "code": code, "path": [at], "params": params }] })
}

#[tokio::test]
async fn a_type_is_created_renamed_and_deleted() {
    let desk = Desk::new().await;
    let made =
        |id: i64, name: &str| json!({ "noteType": { "id": format!("NoteType:{id}"), "name": name }, "userErrors": [] });
    assert_eq!(desk.create("Call").await, made(1, "Call"));
    assert_eq!(desk.create(" call ").await, made(2, " call "), "names are kept as they are");
    assert_eq!(desk.rename(NoteTypeId(1), "Visit").await, made(1, "Visit"));
    assert_eq!(desk.rename(NoteTypeId(1), "Visit").await, made(1, "Visit"), "its own name is not another's");
    assert_eq!(desk.names().await, json!([{ "name": " call " }, { "name": "Visit" }]));
    assert_eq!(desk.delete(NoteTypeId(1)).await, made(1, "Visit"), "the answer tells which one is gone");
    assert_eq!(desk.names().await, json!([{ "name": " call " }]));
    assert_eq!(desk.create("Visit").await["noteType"]["id"], "NoteType:3", "a key is not given again");
}

#[tokio::test]
async fn a_name_is_bounded_and_unique() {
    let desk = Desk::new().await;
    desk.company.note_type("Call").await;
    let other = desk.company.note_type("Visit").await.id;
    // Another company may have a type of this name.
    desk.app.company("Other").await.note_type("Order").await;
    assert_eq!(desk.create("Order").await["userErrors"], json!([]));
    let long = "ü".repeat(256);
    let before = Contents::read(&desk.app).await;
    for (name, code, params) in [
        ("Call", "TAKEN", Value::Null),
        ("", "REQUIRED", Value::Null),
        (" \n", "REQUIRED", Value::Null),
        ("a\0b", "INVALID", Value::Null),
        (long.as_str(), "TOO_LONG", json!({ "length": 256, "max": 255 })),
    ] {
        assert_eq!(desk.create(name).await, problem(code, "name", &params), "{name:?}");
        assert_eq!(desk.rename(other, name).await, problem(code, "name", &params), "{name:?}");
    }
    assert_eq!(Contents::read(&desk.app).await, before);
    assert_eq!(desk.rename(other, &"ü".repeat(255)).await["userErrors"], json!([]));
}

#[tokio::test]
async fn a_type_in_use_is_not_deleted() {
    let desk = Desk::new().await;
    let call = desk.company.note_type("Call").await.id;
    for confidential in [false, true, true] {
        desk.company.note(|note| (note.type_id, note.confidential) = (Some(call), confidential)).await;
    }
    let before = Contents::read(&desk.app).await;
    assert_eq!(desk.delete(call).await, problem("IN_USE", "id", &json!({ "count": 3 })));
    assert_eq!(Contents::read(&desk.app).await, before);
    // Events of notes that had the type do not prevent its deletion.
    let patch = r#"mutation { notesPatch(input: { ids: ["1", "2", "3"], patch: { typeId: null } }) { changedCount } }"#;
    assert_eq!(desk.client.query(patch).await["notesPatch"]["changedCount"], 3);
    assert_eq!(desk.delete(call).await["userErrors"], json!([]));
}

#[tokio::test]
async fn an_unknown_type_is_not_found() {
    let desk = Desk::new().await;
    let theirs = desk.app.company("Other").await.note_type("Call").await.id;
    let before = Contents::read(&desk.app).await;
    for id in [theirs, NoteTypeId(99)] {
        assert_eq!(desk.rename(id, "x").await, problem("NOT_FOUND", "id", &Value::Null));
        assert_eq!(desk.delete(id).await, problem("NOT_FOUND", "id", &Value::Null));
    }
    let all = desk.rename(NoteTypeId(99), "").await;
    let codes: Vec<&Value> = all["userErrors"].as_array().unwrap().iter().map(|error| &error["code"]).collect();
    assert_eq!(codes, ["REQUIRED", "NOT_FOUND"]);
    assert_eq!(Contents::read(&desk.app).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_creations_of_a_name_create_one_type() {
    let desk = Desk::new().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(desk.company.note_type(&format!("{n}")).await.id);
    }
    let create = "mutation { change: noteTypeCreate(name: \"Call\") { userErrors { code } } }".to_owned();
    let rename =
        |id| format!("mutation {{ change: noteTypeRename(id: {id}, name: \"Call\") {{ userErrors {{ code }} }} }}");
    let documents: Vec<String> = ids.into_iter().map(rename).chain(std::iter::repeat_n(create, 6)).collect();
    let answers = join_all(documents.into_iter().map(|document| {
        let client = desk.client.clone();
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
    let desk = Desk::new().await;
    for round in 0..8 {
        let id = desk.company.note_type(&format!("{round}")).await.id;
        let make = format!(
            "mutation {{ change: noteCreate(input: {{ typeId: {id} }}) {{ note {{ type {{ id }} }} userErrors {{ code }} }} }}"
        );
        let delete = format!("mutation {{ change: noteTypeDelete(id: {id}) {{ userErrors {{ code }} }} }}");
        let answers = join_all([make.clone(), delete, make.clone(), make].map(|document| {
            let client = desk.client.clone();
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
