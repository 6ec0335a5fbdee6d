//! If one root field fails, the others are still answered.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use notegraph::http::{HttpSettings, router};
use notegraph::meter::OperationLimits;
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::ServiceExt;

use crate::support::{App, Client, ENDLESS};

async fn client(scopes: &[Scope]) -> (App, Client) {
    let app = App::start().await;
    let company = app.company("Acme").await;
    let ann = company.user("ann").await;
    company.note_type("Call").await;
    company.customer("Cara").await;
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
async fn one_invalid_cursor_leaves_the_rest_of_a_query() {
    let (_app, client) = client(&[Scope::Read]).await;
    let rest = "noteTypes { name } viewer { user { username } } note(id: 1) { subject }";
    let answered = client.query(&format!("{{ {rest} }}")).await.data().clone();
    for (field, code) in [
        ("notes(after: \"old\") { totalCount }", "BAD_CURSOR"),
        ("notes(filter: { status: {} }) { totalCount }", "INVALID"),
        ("customers(before: \"old\") { totalCount }", "BAD_CURSOR"),
        ("users(first: 0) { totalCount }", "INVALID"),
        ("node(id: \"x\") { id }", "INVALID"),
        ("noteCounts(groupBy: TAG, filter: { tags: {} }) { count }", "INVALID"),
        ("noteDeletePreview(ids: [\"x\"]) { totalCount }", "INVALID"),
        ("customer(id: \"x\") { id }", "INVALID"),
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
async fn a_failed_mutation_keeps_the_results_of_the_others() {
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
    assert_eq!(response.errors()[0]["extensions"]["changed"], false);
    let notes = client.query("{ notes(first: 2) { nodes { subject } } }").await["notes"]["nodes"].clone();
    assert_eq!(notes, json!([{ "subject": "c" }, { "subject": "a" }]));
    // The payload and the note are returned even if a field below them fails.
    let document = "mutation { noteCreate(input: { subject: \"d\" }) { note { subject messages(after: \"old\") { totalCount } } userErrors { code } } }";
    let response = client.query(document).await;
    let note = json!({ "subject": "d", "messages": null });
    assert_eq!(response.body["data"], json!({ "noteCreate": { "note": note, "userErrors": [] } }));
    assert_eq!(response.codes(), ["BAD_CURSOR"]);
    assert_eq!(paths(response.errors()), [json!(["noteCreate", "note", "messages"])]);
}

#[tokio::test]
async fn a_list_below_a_record_that_fails_leaves_the_record() {
    let (_app, client) = client(&[Scope::Read]).await;
    for (field, list, code) in [
        ("notes { nodes { subject LIST { totalCount } } }", "messages(first: -1)", "INVALID"),
        ("notes { edges { node { subject LIST { totalCount } } } }", "messages(after: \"old\")", "BAD_CURSOR"),
        ("note(id: 1) { subject LIST { totalCount } }", "messages(first: 1, last: 1)", "INVALID"),
        ("customers { nodes { fullName LIST { totalCount } } }", "notes(filter: { status: {} })", "INVALID"),
        ("user(id: 1) { username LIST { totalCount } }", "createdNotes(after: \"old\")", "BAD_CURSOR"),
        ("viewer { user { username LIST { totalCount } } }", "assignedNotes(first: 101)", "INVALID"),
    ] {
        let right = client.query(&format!("{{ {} }}", field.replace(" LIST { totalCount }", ""))).await.data().clone();
        let response = client.query(&format!("{{ {} }}", field.replace("LIST", &format!("list: {list}")))).await;
        assert_eq!((response.status, response.codes()), (200, vec![code]), "{field}");
        let path = response.errors()[0]["path"].as_array().unwrap();
        let (last, above) = path.split_last().unwrap();
        assert_eq!(last, "list", "{field}");
        // Without the list, the rest is what it was.
        let mut data = response.body["data"].clone();
        let record = above.iter().fold(&mut data, |value, step| match step.as_u64() {
            Some(index) => &mut value[usize::try_from(index).unwrap()],
            None => &mut value[step.as_str().unwrap()],
        });
        assert_eq!(record.as_object_mut().unwrap().remove("list"), Some(Value::Null), "{field}");
        assert_eq!(data, right, "{field}");
    }
}

#[tokio::test]
async fn one_malformed_id_of_nodes_is_null_at_its_position() {
    let (_app, client) = client(&[Scope::Read]).await;
    let document = "query($ids: [ID!]!) { found: nodes(ids: $ids) { id } }";
    let ids = json!(["Note:1", "x", "User:1", "Note:7", "42", "Note:1"]);
    let response = client.query_with(document, json!({ "ids": ids })).await;
    let (note, user) = (json!({ "id": "Note:1" }), json!({ "id": "User:1" }));
    assert_eq!(response.body["data"], json!({ "found": [note, null, user, null, null, note] }));
    assert_eq!((response.status, response.codes()), (200, vec!["INVALID"; 2]));
    assert_eq!(paths(response.errors()), [json!(["found", 1]), json!(["found", 4])]);
}

/// Sends a document to a server with these settings.
async fn send(app: &App, client: &Client, settings: &HttpSettings, document: &str) -> (u16, Value) {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", client.token()))
        .body(Body::from(json!({ "query": document }).to_string()));
    let router = router(app.context().clone(), schema::build(), settings);
    let (head, body) = router.oneshot(request.unwrap()).await.unwrap().into_parts();
    (head.status.as_u16(), serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap())
}

/// The path and code of each error, and whether its field has changed something.
fn changes(answer: &Value) -> Vec<(String, String, Value)> {
    let told = |error: &Value| {
        let extensions = &error["extensions"];
        (error["path"].to_string(), extensions["code"].as_str().unwrap().to_owned(), extensions["changed"].clone())
    };
    answer["errors"].as_array().unwrap().iter().map(told).collect()
}

/// The subjects of the notes that the test has created, oldest first.
async fn subjects(client: &Client) -> Vec<String> {
    let notes = client.query("{ notes(first: 100) { nodes { subject } } }").await;
    let found = notes["notes"]["nodes"].as_array().unwrap();
    let subjects = found.iter().rev().filter_map(|note| note["subject"].as_str());
    subjects.filter(|subject| *subject != "A note").map(str::to_owned).collect()
}

#[tokio::test]
async fn a_mutation_over_a_limit_reports_the_executed_changes() {
    let (app, client) = client(&[Scope::Write]).await;
    let create = |name: &str, fields: &str| {
        format!("{name}: noteCreate(input: {{ subject: \"{name}\" }}) {{ note {{ {fields} }} }}")
    };
    let many = "id databaseId subject details status priority confidential createdOn updatedOn version";
    let usage = |usage| HttpSettings {
        usage,
        token_rate_limit: ENDLESS,
        address_rate_limit: ENDLESS,
        ..HttpSettings::default()
    };
    // The change of `c` is made, but its response has more values than are left; `d` is not started.
    let document = ["a", "b"].map(|name| create(name, "subject")).join(" ");
    let document = format!("mutation {{ {document} {} {} }}", create("c", many), create("d", "subject"));
    let settings = usage(OperationLimits { values: 20, ..OperationLimits::default() });
    let (status, answer) = send(&app, &client, &settings, &document).await;
    let one = |name: &str| json!({ "note": { "subject": name } });
    assert_eq!((status, &answer["data"]), (200, &json!({ "a": one("a"), "b": one("b"), "c": null, "d": null })));
    let told = |path: &str, changed: bool| (path.to_owned(), "TOO_COMPLEX".to_owned(), json!(changed));
    assert_eq!(changes(&answer), [told("[\"c\"]", true), told("[\"d\"]", false)]);
    assert_eq!(subjects(&client).await, ["a", "b", "c"]);
    // The response to `b` is too long, the one to `c` is not.
    let document =
        format!("mutation {{ {} {} {} }}", create("a", "subject"), create("b", many), create("c", "subject"));
    let settings = usage(OperationLimits { answer_bytes: 100, ..OperationLimits::default() });
    let (status, answer) = send(&app, &client, &settings, &document).await;
    assert_eq!((status, &answer["data"]), (200, &json!({ "a": one("a"), "b": null, "c": one("c") })));
    assert_eq!(changes(&answer), [told("[\"b\"]", true)]);
    assert_eq!(subjects(&client).await, ["a", "b", "c", "a", "b", "c"]);
    // No change is started.
    let settings = usage(OperationLimits { cpu: Duration::ZERO, ..OperationLimits::default() });
    let (_, answer) = send(&app, &client, &settings, &document).await;
    assert_eq!(answer["data"], json!({ "a": null, "b": null, "c": null }));
    assert_eq!(changes(&answer), ["a", "b", "c"].map(|name| told(&format!("[\"{name}\"]"), false)));
    assert_eq!(subjects(&client).await.len(), 6);
}

#[tokio::test]
async fn a_mutation_that_changes_nothing_says_so() {
    let (app, client) = client(&[Scope::Admin]).await;
    // No response fits.
    let settings = HttpSettings {
        usage: OperationLimits { answer_bytes: 10, ..OperationLimits::default() },
        token_rate_limit: ENDLESS,
        address_rate_limit: ENDLESS,
        ..HttpSettings::default()
    };
    for (field, has_changed) in [
        ("customersUpsert(input: [{ externalKey: \"c\", fullName: \"Cem\" }]) { customers { id } }", [true, false]),
        (
            "usersUpsert(input: [{ externalKey: \"d\", username: \"dora\", fullName: \"Dora\" }]) { users { id } }",
            [true, false],
        ),
        ("notePatch(input: { id: 1, patch: { subject: \"a\" } }) { note { id } }", [true, false]),
        ("notesPatch(input: { ids: [1], patch: { subject: \"b\" } }) { changedCount }", [true, false]),
        ("noteAssign(input: { id: 1, userIds: [1] }) { note { id } }", [true, false]),
        ("notesAssign(input: { ids: [1], userIds: [1] }) { changedCount }", [false, false]),
        ("noteUnassign(input: { id: 1, userIds: [1] }) { note { id } }", [true, false]),
        ("notesUnassign(input: { ids: [1], userIds: [1] }) { changedCount }", [false, false]),
        ("noteTypeRename(id: 1, name: \"Chat\") { noteType { id } }", [true, false]),
        ("noteDelete(input: { id: 7 }) { userErrors { code } }", [false, false]),
    ] {
        for expected in has_changed {
            let (_, answer) = send(&app, &client, &settings, &format!("mutation {{ a: {field} }}")).await;
            assert_eq!(
                changes(&answer),
                [("[\"a\"]".to_owned(), "TOO_COMPLEX".to_owned(), json!(expected))],
                "{field}"
            );
            let message = answer["errors"][0]["message"].as_str().unwrap();
            assert_eq!(message.contains("Changes were made"), expected, "{message}");
        }
    }
    let notes = client.query("{ notes { nodes { subject } } }").await["notes"]["nodes"].clone();
    assert_eq!(notes, json!([{ "subject": "b" }]));
}

#[tokio::test]
async fn a_mutation_that_times_out_reports_the_executed_changes() {
    let (app, client) = client(&[Scope::Write]).await;
    let names: Vec<String> = (0..150).map(|number| format!("n{number}")).collect();
    let creates = names
        .iter()
        .map(|name| format!("{name}: noteCreate(input: {{ subject: \"{name}\" }}) {{ note {{ subject }} }}"));
    let document = format!("mutation {{ {} __typename }}", creates.collect::<Vec<_>>().join(" "));
    let time = Duration::from_secs(2);
    let settings = HttpSettings {
        request_timeout: time,
        token_rate_limit: ENDLESS,
        address_rate_limit: ENDLESS,
        ..HttpSettings::default()
    };
    let sending = send(&app, &client, &settings, &document);
    let locking = async {
        while subjects(&client).await.len() < 2 {}
        let lock = app.db().begin().await.unwrap();
        if app.db().backend() == DatabaseBackend::Postgres {
            lock.execute_unprepared("LOCK TABLE note IN EXCLUSIVE MODE").await.unwrap();
        }
        lock
    };
    let ((status, answer), lock) = tokio::join!(sending, locking);
    let data = answer["data"].as_object().unwrap_or_else(|| panic!("{status}: {answer}"));
    let keys: Vec<&String> = data.keys().collect();
    assert_eq!(keys.len(), names.len() + 1);
    assert_eq!((status, &data["__typename"]), (200, &json!("Mutation")));
    let made = names.iter().take_while(|name| !data[*name].is_null()).count();
    assert!((1..names.len()).contains(&made), "{made}");
    // Each field without a response has an error, even beyond the usual limit of errors.
    let told = changes(&answer);
    assert_eq!(told.len(), names.len() - made);
    for (number, (name, (path, code, changed))) in names[made..].iter().zip(&told).enumerate() {
        assert!(data[name].is_null());
        assert_eq!((path, code.as_str()), (&format!("[\"{name}\"]"), "TIMEOUT"));
        assert_eq!(*changed, if number == 0 { Value::Null } else { json!(false) }, "{name}");
    }
    // The running change goes on, and no later one starts.
    lock.commit().await.unwrap();
    for _ in 0..500 {
        if subjects(&client).await.len() > made {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_millis(300)).await;
    assert_eq!(subjects(&client).await, names[..=made]);
}
