//! Where a root field fails, the others are answered all the same.

use notegraph::entity::token::Scope;
use serde_json::{Value, json};

use crate::support::{App, Client};

async fn client(scopes: &[Scope]) -> (App, Client) {
    let app = App::start().await;
    let company = app.company("Acme").await;
    let ann = company.user("ann").await;
    company.note_type("Call").await;
    company.note(|note| note.user_id = Some(ann.id)).await;
    let client = ann.token(scopes).await;
    (app, client)
}

fn failed(fields: &[&str]) -> Vec<Value> {
    fields.iter().map(|field| json!([field])).collect()
}

fn paths(errors: &[Value]) -> Vec<Value> {
    let mut paths: Vec<Value> = errors.iter().map(|error| error["path"].clone()).collect();
    paths.sort_by_key(Value::to_string);
    paths
}

#[tokio::test]
async fn one_old_cursor_leaves_the_rest_of_a_query() {
    let (_app, client) = client(&[Scope::Read]).await;
    let rest = "noteTypes { name } viewer { user { username } } note(id: 1) { subject }";
    let answered = client.query(&format!("{{ {rest} }}")).await.data().clone();
    for (field, code) in [
        ("notes(after: \"old\") { totalCount }", "BAD_CURSOR"),
        ("notes(filter: { status: {} }) { totalCount }", "INVALID"),
        ("customers(before: \"old\") { totalCount }", "BAD_CURSOR"),
        ("users(first: 0) { totalCount }", "INVALID"),
        ("node(id: \"x\") { id }", "INVALID"),
        ("nodes(ids: [\"Note:1\", \"x\"]) { id }", "INVALID"),
        ("noteCounts(groupBy: TAG, filter: { tags: {} }) { count }", "INVALID"),
        ("noteDeletePreview(ids: [\"x\"]) { totalCount }", "INVALID"),
        ("customer(id: \"x\") { id }", "INVALID"),
        ("user(id: 1) { createdNotes(after: \"old\") { totalCount } }", "BAD_CURSOR"),
    ] {
        let response = client.query(&format!("{{ {rest} failing: {field} }}")).await;
        assert_eq!((response.status, response.codes()), (200, vec![code]), "{field}");
        let mut expected = answered.clone();
        expected["failing"] = Value::Null;
        assert_eq!(response.body["data"], expected, "{field}");
    }
}

#[tokio::test]
async fn without_the_scope_each_field_fails_by_itself() {
    let (_app, client) = client(&[]).await;
    let response = client.query("{ __typename viewer { scopes } noteTypes { name } nodes(ids: []) { id } }").await;
    let nothing = json!({ "__typename": "Query", "viewer": null, "noteTypes": null, "nodes": null });
    assert_eq!((response.status, &response.body["data"]), (200, &nothing));
    assert_eq!(response.codes(), ["FORBIDDEN"; 3]);
    assert_eq!(paths(response.errors()), failed(&["nodes", "noteTypes", "viewer"]));
}

#[tokio::test]
async fn a_change_that_fails_leaves_the_answers_of_the_others() {
    let (_app, client) = client(&[Scope::Write]).await;
    let made = |name: &str| {
        format!("{name}: noteCreate(input: {{ subject: \"{name}\" }}) {{ note {{ subject }} userErrors {{ code }} }}")
    };
    let document = format!(
        "mutation {{ {} b: noteTypeCreate(name: \"New\") {{ noteType {{ name }} }} {} }}",
        made("a"),
        made("c")
    );
    let response = client.query(&document).await;
    let one = |name: &str| json!({ "note": { "subject": name }, "userErrors": [] });
    assert_eq!(response.body["data"], json!({ "a": one("a"), "b": null, "c": one("c") }));
    assert_eq!((response.status, response.codes()), (200, vec!["FORBIDDEN"]));
    assert_eq!(paths(response.errors()), failed(&["b"]));
    let notes = client.query("{ notes(first: 2) { nodes { subject } } }").await["notes"]["nodes"].clone();
    assert_eq!(notes, json!([{ "subject": "c" }, { "subject": "a" }]));
    // What was made is shown, whatever fails below it.
    let document = "mutation { noteCreate(input: { subject: \"d\" }) { note { messages(after: \"old\") { totalCount } } userErrors { code } } }";
    let response = client.query(document).await;
    assert_eq!(response.body["data"], json!({ "noteCreate": { "note": null, "userErrors": [] } }));
    assert_eq!(response.codes(), ["BAD_CURSOR"]);
}
