//! Errors: each has a code and a request ID, none mentions the database, and one wrong value refuses a whole document.

use notegraph::ids::NoteId;
use notegraph::store::entity::token::Scope;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use testkit::{App, Client, Response};

struct Seeded {
    app: App,
    client: Client,
    reader: Client,
    note: NoteId,
}

async fn seeded() -> Seeded {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await;
    let note = acme.note(|note| note.user_id = Some(ann.id)).await.id;
    acme.message(note, |_| {}).await;
    let client = ann.token(&[Scope::Read, Scope::Write]).await;
    let reader = ann.token(&[Scope::Read]).await;
    Seeded { app, client, reader, note }
}

fn assert_named(response: &Response, what: &str) {
    for error in response.errors() {
        assert!(error["extensions"]["code"].is_string(), "no code, {what}: {error:#}");
        let id = error["extensions"]["requestId"].as_str().unwrap_or_default();
        assert!(!id.is_empty(), "no request ID, {what}: {error:#}");
        assert_eq!(Some(id), response.headers.get("x-request-id").and_then(|id| id.to_str().ok()), "{what}");
        assert!(!error["message"].as_str().unwrap().is_empty(), "no message, {what}");
    }
}

#[tokio::test]
async fn every_error_has_its_code_and_the_request_id() {
    let Seeded { app, client, reader, note } = &seeded().await;
    let stranger = Client::new(app, None);
    let deep = format!("{{ a{}{} }}", "{a".repeat(80), "}".repeat(80));
    let fields: Vec<String> = (0..2_100).map(|number| format!("a{number}: subject")).collect();
    let wide = format!("{{ notes {{ nodes {{ {} }} }} }}", fields.join(" "));
    let create = "mutation { noteCreate(input: {}) { note { id } } }".to_owned();
    for (client, document, code) in [
        (&stranger, "{ noteTypes { id } }".to_owned(), "UNAUTHENTICATED"),
        (reader, create, "FORBIDDEN"),
        (client, "{ note(id: \"Customer:1\") { id } }".to_owned(), "INVALID"),
        (client, "{ node(id: \"1\") { id } }".to_owned(), "INVALID"),
        (client, "{ notes(first: 0) { totalCount } }".to_owned(), "INVALID"),
        (client, "{ notes(after: \"x\") { totalCount } }".to_owned(), "BAD_CURSOR"),
        (client, format!("{{ note(id: {note}) {{ messages(after: \"x\") {{ totalCount }} }} }}"), "BAD_CURSOR"),
        (client, "{ notes { nope } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (client, "{ notes(first: \"1\") { totalCount } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (client, "query($id: ID!) { note(id: $id) { id } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (client, "{ notes { ".to_owned(), "GRAPHQL_PARSE_FAILED"),
        (client, String::new(), "GRAPHQL_PARSE_FAILED"),
        (client, deep, "TOO_COMPLEX"),
        (client, wide, "TOO_COMPLEX"),
    ] {
        let response = client.query(&document).await;
        let shown: String = document.chars().take(80).collect();
        assert_eq!(response.codes(), [code], "{shown}: {:#}", response.body);
        assert_named(&response, &shown);
    }
}

/// Words that would reveal that there is a database, or which one.
const TELLTALE: [&str; 12] = [
    "sql", "select", "insert", "table", "relation", "column", "database", "postgres", "sea", "query", "driver", "drop",
];

fn assert_says_nothing(response: &Response) {
    assert_eq!(response.codes(), vec!["INTERNAL"; response.errors().len()], "{:#}", response.body);
    assert!(!response.errors().is_empty());
    assert_named(response, "a failure");
    for error in response.errors() {
        let extensions = error["extensions"].as_object().unwrap();
        assert!(extensions.get("changed").is_none_or(|changed| changed == false), "{extensions:?}");
        let extensions: Vec<&String> = extensions.keys().filter(|name| *name != "changed").collect();
        assert_eq!(extensions, ["code", "requestId"]);
        let message = error["message"].as_str().unwrap().to_lowercase();
        for word in TELLTALE {
            assert!(!message.contains(word), "the answer says {word:?}: {message}");
        }
    }
}

/// Renames a table without the server's knowledge.
async fn take_away(app: &App, table: &str) {
    let sql = match app.db().backend() {
        sea_orm::DatabaseBackend::Postgres => format!("ALTER TABLE \"{table}\" RENAME TO gone_{table}"),
        _ => format!("PRAGMA legacy_alter_table = on; ALTER TABLE \"{table}\" RENAME TO gone_{table}"),
    };
    app.db().schema_connection().execute_unprepared(&sql).await.unwrap();
}

#[tokio::test]
async fn database_failures_are_internal_and_not_disclosed() {
    let Seeded { app, client, note, .. } = &seeded().await;
    take_away(app, "message").await;
    let response = client.query(&format!("{{ note(id: {note}) {{ subject messages {{ nodes {{ id }} }} }} }}")).await;
    assert_says_nothing(&response);
    let response =
        client.query("{ notes { nodes { id lastMessage { id } } } node(id: \"NoteMessage:1\") { id } }").await;
    assert_says_nothing(&response);
    assert_eq!(response.errors()[0]["path"].as_array().map(Vec::is_empty), Some(false), "{:#}", response.body);
    take_away(app, "customer").await;
    assert_says_nothing(&client.query("{ customers { totalCount nodes { id } } }").await);
}

#[tokio::test]
async fn a_mutation_that_fails_halfway_changes_nothing() {
    let Seeded { app, client, note, .. } = &seeded().await;
    let state = "query($id: ID!) { notes { totalCount } note(id: $id) { subject version updatedOn messageCount
        assignees { userId } messages { nodes { message } } } }";
    let id = json!({ "id": note.to_string() });
    let before = client.query_with(state, id.clone()).await.data().clone();
    // Changes write their event last.
    take_away(app, "event").await;
    for change in [
        "noteCreate(input: { subject: \"new\" }) { note { id } }".to_owned(),
        format!("notePatch(input: {{ id: {note}, patch: {{ subject: \"new\" }} }}) {{ note {{ id }} }}"),
        format!("noteAssign(input: {{ id: {note}, userIds: [1] }}) {{ note {{ id }} }}"),
        format!("noteMessagePost(input: {{ noteId: {note}, message: \"new\" }}) {{ note {{ id }} }}"),
        format!("noteDelete(input: {{ id: {note} }}) {{ deletedNoteId }}"),
    ] {
        let response = client.query(&format!("mutation {{ {change} }}")).await;
        assert_says_nothing(&response);
        assert_eq!(*client.query_with(state, id.clone()).await.data(), before, "{change}");
    }
}

/// Asserts that a document is refused as a whole: with one code, no data, and no new note.
async fn assert_refused(client: &Client, document: &str, variables: Value) {
    let count = async || client.query("{ notes { totalCount } }").await["notes"]["totalCount"].clone();
    let before = count().await;
    let response = client.query_with(document, variables.clone()).await;
    let what = format!("{document} with {variables}: {:#}", response.body);
    assert!(!response.errors().is_empty(), "taken: {what}");
    assert!(response.codes().iter().all(|code| *code == "GRAPHQL_VALIDATION_FAILED"), "{what}");
    assert!(response.body.get("data").is_none(), "executed: {what}");
    assert_named(&response, &what);
    assert_eq!(count().await, before, "an earlier change ran: {what}");
}

/// Wrong values: the input field of a new note, its type as written in GraphQL, and the value as a literal.
const WRONG: [(&str, &str, &str); 24] = [
    ("reminder", "DateTime", "\"tomorrow\""),
    ("reminder", "DateTime", "\"2026-03-14\""),
    ("reminder", "DateTime", "\"2026-02-30T00:00:00Z\""),
    ("reminder", "DateTime", "\"2026-03-14T09:26:53\""),
    ("reminder", "DateTime", "\"0000-01-01T00:00:00Z\""),
    ("reminder", "DateTime", "1773480413"),
    ("reminder", "DateTime", "true"),
    ("reminder", "DateTime", "[1]"),
    ("reminder", "DateTime", "{ a: 1 }"),
    ("status", "NoteStatus", "\"DONE\""),
    ("status", "NoteStatus", "\"open\""),
    ("status", "NoteStatus", "1"),
    ("status", "NoteStatus", "[\"DONE\"]"),
    ("referenceType", "NoteReferenceType", "\"membershipCard\""),
    ("subject", "String", "1"),
    ("subject", "String", "true"),
    ("subject", "String", "[\"a\"]"),
    ("tags", "[String!]", "[\"a\", 1]"),
    ("tags", "[String!]", "[\"a\", null]"),
    ("priority", "Boolean", "\"true\""),
    ("priority", "Boolean", "1"),
    ("customerId", "ID", "1.5"),
    ("customerId", "ID", "true"),
    ("assigneeIds", "[ID!]", "[[1]]"),
];

const FIRST: &str = "a: noteCreate(input: { subject: \"first\" }) { note { id } }";

fn json_of(literal: &str) -> Value {
    serde_json::from_str(&literal.replace("{ a: 1 }", "{ \"a\": 1 }")).unwrap()
}

#[tokio::test]
async fn an_invalid_literal_refuses_the_whole_document() {
    let Seeded { client, app: _app, .. } = &seeded().await;
    for (field, _, literal) in WRONG {
        let second = format!("b: noteCreate(input: {{ {field}: {literal} }}) {{ note {{ id }} }}");
        assert_refused(client, &format!("mutation {{ {FIRST} {second} }}"), json!({})).await;
    }
    for enumeration in ["DONE", "open", "\"OPEN\""] {
        let second = format!("b: noteCreate(input: {{ status: {enumeration} }}) {{ note {{ id }} }}");
        assert_refused(client, &format!("mutation {{ {FIRST} {second} }}"), json!({})).await;
    }
}

#[tokio::test]
async fn an_invalid_variable_refuses_the_whole_document() {
    let Seeded { client, app: _app, .. } = &seeded().await;
    for (field, ty, literal) in WRONG {
        let value = json_of(literal);
        let second = format!("b: noteCreate(input: {{ {field}: $value }}) {{ note {{ id }} }}");
        let document = format!("mutation($value: {ty}) {{ {FIRST} {second} }}");
        assert_refused(client, &document, json!({ "value": value })).await;
        let document = format!(
            "mutation($input: NoteCreateInput!) {{ {FIRST} b: noteCreate(input: $input) {{ note {{ id }} }} }}"
        );
        assert_refused(client, &document, json!({ "input": { field: value } })).await;
        // The value is refused even if another variable beside it is absent.
        let second = format!("b: noteCreate(input: {{ details: $absent, {field}: {literal} }}) {{ note {{ id }} }}");
        assert_refused(client, &format!("mutation($absent: String) {{ {FIRST} {second} }}"), json!({})).await;
    }
}

#[tokio::test]
async fn integers_have_32_bits() {
    let Seeded { client, note, app: _app, .. } = &seeded().await;
    for number in ["2147483648", "-2147483649", "9223372036854775807", "99999999999999999999", "1.5", "\"1\"", "true"] {
        let second = format!("b: noteDelete(input: {{ id: {note}, expectedVersion: {number} }}) {{ deletedNoteId }}");
        assert_refused(client, &format!("mutation {{ {FIRST} {second} }}"), json!({})).await;
        let third = "b: noteCreate(input: {}) { note { messages(first: NUMBER) { totalCount } } }";
        assert_refused(client, &format!("mutation {{ {FIRST} {} }}", third.replace("NUMBER", number)), json!({})).await;
        let second = format!("b: noteDelete(input: {{ id: {note}, expectedVersion: $number }}) {{ deletedNoteId }}");
        let document = format!("mutation($number: Int) {{ {FIRST} {second} }}");
        assert_refused(client, &document, json!({ "number": json_of(number) })).await;
        assert_refused(client, &format!("mutation($number: Int = {number}) {{ {FIRST} {second} }}"), json!({})).await;
    }
}

#[tokio::test]
async fn only_http_urls_are_accepted() {
    let Seeded { client, note, app: _app, .. } = &seeded().await;
    for address in ["\"javascript:alert(1)\"", "\"photo.jpg\"", "\"\"", "\"data:text/html,x\"", "1", "null"] {
        let input = format!("{{ noteId: {note}, message: \"x\", attachment: {{ url: {address} }} }}");
        let second = format!("b: noteMessagePost(input: {input}) {{ note {{ id }} }}");
        assert_refused(client, &format!("mutation {{ {FIRST} {second} }}"), json!({})).await;
        let document = format!(
            "mutation($input: NoteMessagePostInput!) {{ {FIRST} b: noteMessagePost(input: $input) {{ note {{ id }} }} }}"
        );
        let input = json!({ "noteId": note.to_string(), "message": "x", "attachment": { "url": json_of(address) } });
        assert_refused(client, &document, json!({ "input": input })).await;
    }
}

#[tokio::test]
async fn missing_unknown_and_non_object_values_refuse_the_document() {
    let Seeded { client, note, app: _app, .. } = &seeded().await;
    let create = |input: &str| format!("mutation {{ {FIRST} b: noteCreate(input: {input}) {{ note {{ id }} }} }}");
    for input in ["1", "\"text\"", "[1]", "null", "{ nope: 1 }", "{ tags: [null] }"] {
        assert_refused(client, &create(input), json!({})).await;
    }
    let sent =
        format!("mutation($input: NoteCreateInput!) {{ {FIRST} b: noteCreate(input: $input) {{ note {{ id }} }} }}");
    for input in [json!(1), json!("text"), json!([1]), json!(null), json!({ "nope": 1 }), json!({ "tags": [null] })] {
        assert_refused(client, &sent, json!({ "input": input })).await;
    }
    assert_refused(client, &sent, json!({})).await;
    let delete = format!("mutation($id: ID!) {{ {FIRST} b: noteDelete(input: {{ id: $id }}) {{ deletedNoteId }} }}");
    assert_refused(client, &delete, json!({})).await;
    assert_refused(client, &delete, json!({ "id": null })).await;
    // In a fragment, and in an object beside an absent variable.
    let fragment = format!(
        "mutation($absent: Int) {{ {FIRST} ...more }}
         fragment more on Mutation {{ b: noteDelete(input: {{ expectedVersion: $absent }}) {{ deletedNoteId }} }}"
    );
    assert_refused(client, &fragment, json!({})).await;
    let inline = format!(
        "mutation($absent: Int) {{ {FIRST} ... on Mutation {{
            b: noteDelete(input: {{ id: {note}, expectedVersion: $absent, nope: 1 }}) {{ deletedNoteId }} }} }}"
    );
    assert_refused(client, &inline, json!({})).await;
}

#[tokio::test]
async fn valid_values_are_accepted_in_any_notation() {
    let Seeded { client, note, app: _app, .. } = &seeded().await;
    let document = "mutation($status: NoteStatus! = CLOSED, $tag: String!, $when: DateTime, $none: String, $one: ID) {
        noteCreate(input: { status: $status, tags: [\"a\", $tag], reminder: $when, details: $none, referenceId: 7,
            referenceType: ORDER, customerId: $one }) { note { status tags reminder referenceId } userErrors { code } } }";
    let when = "2026-03-14T10:26:53+01:00";
    let response = client.query_with(document, json!({ "tag": "b", "when": when })).await;
    let note_made =
        json!({ "status": "CLOSED", "tags": ["a", "b"], "reminder": "2026-03-14T09:26:53Z", "referenceId": "7" });
    assert_eq!(response["noteCreate"], json!({ "note": note_made, "userErrors": [] }));
    // A single value is coerced to a list, an integer to an ID, and an unused operation is ignored.
    let document = "query A($ids: [ID!]!, $filter: NoteFilter) { nodes(ids: $ids) { id }
            notes(filter: $filter, orderBy: { field: UPDATED_ON }) { totalCount } }
        query B($id: ID!) { note(id: $id) { id } }";
    let variables = json!({ "ids": format!("Note:{note}"), "filter": { "id": { "in": note } } });
    let body = json!({ "query": document, "operationName": "A", "variables": variables }).to_string();
    let request = axum::http::Request::post("/graphql")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", client.token()));
    let response = client.send(request.body(axum::body::Body::from(body)).unwrap()).await;
    assert_eq!(response["notes"], json!({ "totalCount": 1 }));
    assert_eq!(response["nodes"], json!([{ "id": format!("Note:{note}") }]));
}

#[tokio::test]
async fn a_refusal_has_a_path_and_the_expected_value() {
    let Seeded { client, app: _app, .. } = &seeded().await;
    for (document, variables, parts) in [
        (
            "mutation { noteCreate(input: { reminder: \"soon\" }) { note { id } } }",
            json!({}),
            ["input.reminder", "\"soon\"", "RFC 3339"],
        ),
        (
            "mutation($i: NoteCreateInput!) { noteCreate(input: $i) { note { id } } }",
            json!({ "i": { "tags": ["a", 5] } }),
            ["$i", ".tags[1]", "a non string value: 5"],
        ),
        ("{ notes(first: 3000000000) { totalCount } }", json!({}), ["at first", "3000000000", "32-bit"]),
        ("query($s: UserStatus) { users(status: $s) { totalCount } }", json!({ "s": "x" }), ["$s", "\"x\"", "ACTIVE"]),
    ] {
        let response = client.query_with(document, variables).await;
        let message = response.errors()[0]["message"].as_str().unwrap();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert!(response.errors()[0]["locations"][0]["line"].is_number(), "{:#}", response.body);
    }
}
