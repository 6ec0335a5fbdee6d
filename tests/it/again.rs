//! Repeated documents: one known as valid is not validated again, and gets the same response as if it were.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::Request;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{App, Client, Response};

/// A document, with the operation names and variables that are sent with it.
struct Case {
    document: &'static str,
    /// Requests that succeed; the first makes the document known as valid.
    right: Vec<(Option<&'static str>, Value)>,
    /// Requests that are refused.
    wrong: Vec<(Option<&'static str>, Value)>,
}

/// A case of a document with one operation.
fn one(document: &'static str, right: Value, wrong: Value) -> Case {
    let all = |list: Value| list.as_array().unwrap().iter().map(|variables| (None, variables.clone())).collect();
    Case { document, right: all(right), wrong: all(wrong) }
}

async fn send(client: &Client, document: &str, operation: Option<&str>, variables: &Value) -> Response {
    let body = json!({ "query": document, "operationName": operation, "variables": variables });
    let request = Request::post("/graphql")
        .header("authorization", format!("Bearer {}", client.token()))
        .header("content-type", "application/json")
        // With this media type the status tells whether the document was refused.
        .header("accept", "application/graphql-response+json");
    client.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// The same document as a text that was never sent before; all positions in it stay the same.
fn anew(document: &str) -> String {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    format!("{document}\n# {}", SENT.fetch_add(1, Ordering::Relaxed))
}

/// The status and the body, without the request ID.
fn told(response: &Response) -> (u16, String) {
    let id = response.headers["x-request-id"].to_str().unwrap();
    (response.status, response.text.replace(id, "ID"))
}

const CREATE: &str = "mutation($input: NoteCreateInput!) { a: noteCreate(input: {}) { note { version } }
    b: noteCreate(input: $input) { note { subject } userErrors { code } } }";

fn questions() -> Vec<Case> {
    vec![
        one(
            "query($first: Int) { notes(first: $first) { totalCount } }",
            json!([{}, { "first": 1 }, { "first": null }, { "first": 1, "unknown": "x" }]),
            json!([{ "first": "1" }, { "first": 1.5 }, { "first": true }, { "first": [1] }, { "first": {} },
                { "first": 2_147_483_648_i64 }, { "first": -2_147_483_649_i64 }, { "first": u64::MAX }]),
        ),
        one(
            "query($first: Int! = 2) { notes(first: $first) { totalCount } }",
            json!([{}, { "first": 1 }]),
            json!([{ "first": null }, { "first": "1" }]),
        ),
        one(
            "query($id: ID!) { note(id: $id) { subject } }",
            json!([{ "id": "Note:1" }, { "id": "1" }, { "id": 1 }]),
            json!([{}, { "id": null }, { "id": 1.5 }, { "id": true }, { "id": ["1", "2"] }, { "ID": "1" }]),
        ),
        one(
            "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            json!([{ "ids": ["Note:1"] }, { "ids": [] }, { "ids": "Note:1" }]),
            json!([{}, { "ids": null }, { "ids": [null] }, { "ids": ["Note:1", null] }, { "ids": [["Note:1"]] }, { "ids": [{}] }]),
        ),
        one(
            "query($filter: NoteFilter) { notes(filter: $filter) { totalCount } }",
            json!([{}, { "filter": null }, { "filter": {} }, { "filter": { "status": { "eq": "OPEN" } } }]),
            json!([{ "filter": 1 }, { "filter": [{}, {}] }, { "filter": { "nope": 1 } }, { "filter": { "status": "OPEN" } },
                { "filter": { "status": { "eq": "DONE" } } }, { "filter": { "status": { "eq": "open" } } },
                { "filter": { "createdOn": { "gte": "yesterday" } } }, { "filter": { "not": { "nope": null } } },
                { "filter": { "and": [{}, { "priority": { "eq": 1 } }] } }, { "filter": { "and": [null] } }]),
        ),
        // A variable within an object of the document, absent at first.
        one(
            "query($status: NoteStatus, $since: DateTime) {
                notes(filter: { status: { eq: $status, in: [OPEN, CLOSED] },
                    and: [{ createdOn: { gte: $since, isNull: false } }] }) { totalCount } }",
            json!([{}, { "status": "OPEN" }, { "status": "CLOSED", "since": "2026-01-01T00:00:00Z" }]),
            json!([{ "status": "DONE" }, { "status": 1 }, { "status": ["OPEN", "CLOSED"] }, { "since": "2026-01-01" },
                { "since": 1, "status": "OPEN" }]),
        ),
        one(
            "query($field: NoteOrderField!, $direction: OrderDirection! = ASC) {
                notes(orderBy: [{ field: $field, direction: $direction }]) { totalCount } }",
            json!([{ "field": "CREATED_ON" }, { "field": "SUBJECT", "direction": "DESC" }]),
            json!([{}, { "field": null }, { "field": "created_on" }, { "field": "ID" },
                { "field": "SUBJECT", "direction": null }, { "field": "SUBJECT", "direction": "UP" }]),
        ),
        one(
            "query($with: Boolean!, $without: Boolean = false) {
                notes { totalCount @include(if: $with) nodes @skip(if: $without) { id } } }",
            json!([{ "with": true }, { "with": false }, { "with": true, "without": true }]),
            json!([{}, { "with": null }, { "with": "true" }, { "with": 1 }, { "with": true, "without": 0 },
                { "with": true, "without": null }]),
        ),
        // Variables in a fragment, and several errors.
        one(
            "query($first: Int, $id: ID!) { ...more } fragment more on Query { notes(first: $first) { totalCount } note(id: $id) { id } }",
            json!([{ "id": "1" }, { "id": "1", "first": 3 }]),
            json!([{ "first": "x" }, { "id": null, "first": "x" }, { "id": "1", "first": 4_000_000_000_u32 }]),
        ),
        // In directives on fragments, spread and inline, which are all wrong if the value is.
        one(
            "query($if: Boolean = true) { ...y @include(if: $if) ... @skip(if: $if) { ...x } }
                fragment x on Query { a: notes { totalCount @include(if: $if) } }
                fragment y on Query { b: notes { totalCount @skip(if: $if) ...z } }
                fragment z on NoteConnection { nodes @include(if: $if) { id } }",
            json!([{}, { "if": true }, { "if": false }]),
            json!([{ "if": null }, { "if": "true" }]),
        ),
    ]
}

fn changes() -> Vec<Case> {
    vec![
        one(
            CREATE,
            json!([{ "input": { "subject": "x" } }, { "input": { "status": null } }]),
            json!([{}, { "input": null }, { "input": 1 }, { "input": "x" }, { "input": [] }, { "input": { "nope": 1 } },
                { "input": { "subject": 1 } }, { "input": { "tags": ["a", null] } },
                { "input": { "status": "DONE" } }, { "input": { "reminder": "2026-02-30T00:00:00Z" } },
                { "input": { "customerId": 1.5 } }, { "input": { "priority": "true" } }]),
        ),
        one(
            "mutation($subject: String, $status: NoteStatus! = OPEN, $tags: [String!], $reminder: DateTime) {
                a: noteCreate(input: {}) { note { version } }
                b: noteCreate(input: { subject: $subject, status: $status, tags: $tags, reminder: $reminder }) { note { subject } } }",
            json!([{}, { "subject": null }, { "tags": "a" }, { "status": "CLOSED", "tags": ["a"], "reminder": "2026-01-01T00:00:00Z" }]),
            json!([{ "subject": 1 }, { "subject": ["a", "b"] }, { "status": null }, { "status": "DONE" }, { "tags": [null] },
                { "tags": [1] }, { "reminder": "tomorrow" }, { "reminder": 1 }]),
        ),
        one(
            "mutation($version: Int, $id: ID!) { a: noteCreate(input: {}) { note { version } }
                b: noteDelete(input: { id: $id, expectedVersion: $version }) { userErrors { code } } }",
            json!([{ "id": "404" }, { "id": "404", "version": 1 }]),
            json!([{}, { "id": null }, { "id": "404", "version": "1" }, { "id": "404", "version": 2_147_483_648_i64 }]),
        ),
    ]
}

/// Documents with several operations, or with a named one.
fn named() -> Vec<Case> {
    vec![
        Case {
            document: "query A($value: Int) { notes(first: $value) { totalCount } }
                query B($value: String!) { customers(search: $value) { totalCount } }
                mutation C($value: NoteCreateInput!) { a: noteCreate(input: {}) { note { version } } noteCreate(input: $value) { note { version } } }",
            right: vec![
                (Some("A"), json!({})),
                (Some("A"), json!({ "value": 1 })),
                (Some("B"), json!({ "value": "x" })),
                (Some("C"), json!({ "value": {} })),
            ],
            wrong: vec![
                (None, json!({})),
                (None, json!({ "value": 1 })),
                (Some("D"), json!({})),
                (Some(""), json!({})),
                (Some("A"), json!({ "value": "x" })),
                (Some("A"), json!({ "value": 2_147_483_648_i64 })),
                (Some("B"), json!({})),
                (Some("B"), json!({ "value": 1 })),
                (Some("B"), json!({ "value": null })),
                (Some("C"), json!({})),
                (Some("C"), json!({ "value": 1 })),
                (Some("C"), json!({ "value": { "status": "DONE" } })),
            ],
        },
        // The operation without variables makes the whole document known as valid.
        Case {
            document: "query A { notes { totalCount } }
                mutation B($id: ID!, $input: NotePatch!) { a: noteCreate(input: {}) { note { version } }
                    notePatch(input: { id: $id, patch: $input }) { userErrors { code } } }",
            right: vec![(Some("A"), json!({})), (Some("B"), json!({ "id": "404", "input": {} }))],
            wrong: vec![
                (Some("B"), json!({})),
                (Some("B"), json!({ "id": "404", "input": null })),
                (Some("B"), json!({ "id": "404", "input": { "subject": 1 } })),
                (Some("B"), json!({ "id": "404", "input": { "nope": 1 } })),
                (Some("B"), json!({ "id": {}, "input": {} })),
            ],
        },
        // The variables are those of the requested operation, in its fragments, too.
        Case {
            document: "query A($value: String) { customers(search: $value) { totalCount } }
                query B($value: Int) { ...b } fragment b on Query { notes(first: $value) { totalCount } }",
            right: vec![(Some("A"), json!({})), (Some("A"), json!({ "value": "x" })), (Some("B"), json!({ "value": 1 }))],
            wrong: vec![(Some("A"), json!({ "value": 1 })), (Some("B"), json!({ "value": "x" }))],
        },
        Case {
            document: "query A($value: String) { customers(search: $value) { totalCount } }
                query B($value: Boolean = true) { ...b } fragment b on Query { notes { totalCount @include(if: $value) } }",
            right: vec![
                (Some("B"), json!({})),
                (Some("B"), json!({ "value": false })),
                (Some("A"), json!({ "value": null })),
            ],
            wrong: vec![(Some("B"), json!({ "value": null }))],
        },
        Case {
            document: "query Only($first: Int) { notes(first: $first) { totalCount } }",
            right: vec![(None, json!({})), (Some("Only"), json!({ "first": 1 }))],
            wrong: vec![(Some("Other"), json!({})), (None, json!({ "first": "x" })), (Some("Only"), json!({ "first": "x" }))],
        },
        Case {
            document: "query($first: Int) { notes(first: $first) { totalCount } }",
            right: vec![(None, json!({}))],
            wrong: vec![(Some("Other"), json!({}))],
        },
    ]
}

async fn client(app: &App) -> Client {
    let acme = app.company("Acme").await;
    acme.note(|_| {}).await;
    acme.user("ann").await.token(&[Scope::Read, Scope::Write]).await
}

#[tokio::test]
async fn a_cached_valid_document_is_answered_equally() {
    let app = App::start().await;
    let client = client(&app).await;
    let count = async || client.query("{ notes { totalCount } }").await["notes"]["totalCount"].clone();
    for Case { document, right, wrong } in questions().into_iter().chain(changes()).chain(named()) {
        let (operation, variables) = &right[0];
        send(&client, document, *operation, variables).await.data();
        for (operation, variables) in &wrong {
            let what = format!("{operation:?} with {variables} of {document}");
            let before = count().await;
            let first = send(&client, &anew(document), *operation, variables).await;
            let again = send(&client, document, *operation, variables).await;
            assert_eq!(told(&again), told(&first), "{what}");
            assert_eq!(again.status, 400, "{what}: {}", again.text);
            assert!(!again.codes().is_empty() && again.body.get("data").is_none(), "{what}: {}", again.text);
            assert!(again.codes().iter().all(|code| *code == "GRAPHQL_VALIDATION_FAILED"), "{what}: {}", again.text);
            assert_eq!(count().await, before, "something ran: {what}");
        }
        for (operation, variables) in &right {
            let what = format!("{operation:?} with {variables} of {document}");
            let mut answers = Vec::new();
            for text in [&anew(document), document] {
                let response = send(&client, text, *operation, variables).await;
                assert!(response.errors().is_empty(), "{what}: {}", response.text);
                // Compare only whether there is data: the number of notes grows with each change.
                answers.push((response.status, response.body.get("data").is_some()));
            }
            assert_eq!(answers[0], answers[1], "{what}");
        }
    }
}

/// Documents that are invalid, whatever is sent with them.
const INVALID: [&str; 16] = [
    "{ nope }",
    "{ notes { nodes } }",
    "{ notes { totalCount { x } } }",
    "{ notes(nope: 1) { totalCount } }",
    "{ notes(first: \"1\") { totalCount } }",
    "{ note { id } }",
    "{ notes { ...nope } }",
    "query($first: String) { notes(first: $first) { totalCount } }",
    "query($first: Nope) { notes(first: $first) { totalCount } }",
    "query($unused: Int) { notes { totalCount } }",
    "{ notes(first: $undefined) { totalCount } }",
    "{ notes { totalCount } } fragment unused on Note { id }",
    "{ notes { nodes { ...a } } } fragment a on Note { ...b } fragment b on Note { ...a }",
    "{ a: notes { totalCount } a: customers { totalCount } }",
    "query A { notes { totalCount } } query B { nope }",
    "mutation A { noteCreate(input: {}) { note { id } } } mutation B { noteCreate(input: {}) { nope } }",
];

#[tokio::test]
async fn an_invalid_document_is_refused_each_time() {
    let app = App::start().await;
    let client = client(&app).await;
    for document in INVALID {
        for operation in [Some("A"), Some("B"), None, Some("A")] {
            let first = send(&client, &anew(document), operation, &json!({ "first": 1 })).await;
            for _ in 0..3 {
                let again = send(&client, document, operation, &json!({ "first": 1 })).await;
                assert_eq!(told(&again), told(&first), "{operation:?} of {document}");
                assert_eq!(again.status, 400, "{operation:?} of {document}: {}", again.text);
                assert!(again.body.get("data").is_none() && !again.errors().is_empty(), "{}", again.text);
            }
        }
    }
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 1);
}
