//! The GraphQL language as specified: invalid documents are refused before anything runs, and valid ones are accepted.

use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{App, Client, Response};

async fn client(app: &App) -> Client {
    let acme = app.company("Acme").await;
    acme.user("ann").await.token(&[Scope::Read, Scope::Write, Scope::Admin]).await
}

async fn created(client: &Client, details: &str) -> Value {
    let document = format!("mutation {{ noteCreate(input: {{ details: {details} }}) {{ note {{ id details }} }} }}");
    client.query(&document).await["noteCreate"]["note"].clone()
}

fn assert_refused(response: &Response, what: &str) {
    let codes = response.codes();
    let known = ["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"];
    assert!(!codes.is_empty() && codes.iter().all(|code| known.contains(code)), "{what}: {:#}", response.body);
    assert!(response.body.get("data").is_none(), "{what}: {:#}", response.body);
    let mut told: Vec<String> = response.errors().iter().map(ToString::to_string).collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), response.errors().len(), "{what}: an error stands there twice: {:#}", response.body);
}

#[tokio::test]
async fn a_variable_of_the_wrong_type_changes_nothing() {
    let app = App::start().await;
    let client = client(&app).await;
    let id = created(&client, "\"kept\"").await["id"].clone();
    for (ty, variables) in [("ID", json!({})), ("Boolean", json!({ "v": true })), ("[ID!]", json!({ "v": ["1"] }))] {
        let document = format!(
            "mutation($id: ID!, $v: {ty}) {{ a: noteDelete(input: {{ id: $id }}) {{ deletedNoteId }} \
             b: noteDelete(input: {{ id: $v }}) {{ deletedNoteId }} }}"
        );
        let mut variables = variables;
        variables["id"] = id.clone();
        assert_refused(&client.query_with(&document, variables).await, ty);
    }
    for (document, variables) in [
        (
            "query($f: TagsFilter!) { notes(filter: { status: $f }) { totalCount } }",
            json!({ "f": { "hasAny": ["a"] } }),
        ),
        (
            "query($f: StringFilter!) { notes(filter: { tags: $f }) { totalCount } }",
            json!({ "f": { "contains": "a" } }),
        ),
        ("query($s: String!) { viewer @skip(if: $s) { scopes } }", json!({ "s": "true" })),
        ("query($s: Boolean) { viewer @skip(if: $s) { scopes } }", json!({})),
        ("query($i: [ID]) { nodes(ids: $i) { id } }", json!({ "i": ["Note:2"] })),
        ("query($i: ID!) { notes(filter: { id: { in: $i } }) { totalCount } }", json!({ "i": "2" })),
        ("query($x: JSON) { notes(filter: $x) { totalCount } }", json!({ "x": { "status": { "eq": "OPEN" } } })),
        ("query($x: [Int]) { notes(first: $x) { totalCount } }", json!({})),
        ("query($k: NoteGroupKey) { noteCounts(groupBy: $k) { count } }", json!({ "k": null })),
    ] {
        assert_refused(&client.query_with(document, variables).await, document);
    }
    assert_eq!(client.query_with("query($i: ID!) { node(id: $i) { id } }", json!({ "i": id })).await["node"]["id"], id);
    for (document, variables) in [
        ("query($i: [ID!]!) { notes(filter: { id: { in: $i } }) { totalCount } }", json!({ "i": ["2"] })),
        ("query($d: OrderDirection) { note(id: 1) { messages(direction: $d) { totalCount } } }", json!({})),
        ("query($d: OrderDirection) { note(id: 1) { messages(direction: $d) { totalCount } } }", json!({ "d": null })),
        ("query($n: Int = 2) { notes(first: $n) { totalCount } }", json!({})),
        ("query($n: Int) { notes(first: $n) { totalCount } }", json!({ "n": 2.0 })),
        ("query($d: Boolean) { __type(name: \"Note\") { fields(includeDeprecated: $d) { name } } }", json!({})),
        (
            "query($a: Boolean!) { __typename @skip(if: $a) viewer { __typename @include(if: $a) } }",
            json!({ "a": false }),
        ),
        (
            "\"what for\" query Q(\"how many\" $ n: Int) { ...F } \"what\" fragment F on Query { notes(first: $n) { totalCount } }",
            json!({}),
        ),
    ] {
        let response = client.query_with(document, variables).await;
        assert!(response.errors().is_empty(), "{document}: {:#}", response.body);
    }
    assert_refused(
        &client.query_with("query($n: Int) { notes(first: $n) { totalCount } }", json!({ "n": 2.5 })).await,
        "2.5",
    );
}

#[tokio::test]
async fn a_variable_inside_a_custom_scalar_changes_nothing() {
    let app = App::start().await;
    let client = client(&app).await;
    let id = created(&client, "\"kept\"").await["id"].clone();
    for (ty, value, field) in [
        (
            "Date",
            json!("2026-03-14"),
            "customersUpsert(input: [{ externalKey: \"a\", birthdate: [$v] }]) { __typename }",
        ),
        (
            "DateTime",
            json!("2026-03-14T09:26:53Z"),
            "noteCreate(input: { details: \"a\", reminder: [$v] }) { __typename }",
        ),
        ("DateTime", json!(null), "noteCreate(input: { details: \"a\", reminder: { at: $v } }) { __typename }"),
        (
            "URL",
            json!("https://example.com/a"),
            "noteMessagePost(input: { noteId: 1, message: \"a\", attachment: { url: { a: $v } } }) { __typename }",
        ),
    ] {
        let document =
            format!("mutation($id: ID!, $v: {ty}) {{ noteDelete(input: {{ id: $id }}) {{ deletedNoteId }} {field} }}");
        let response = client.query_with(&document, json!({ "id": id, "v": value })).await;
        assert_refused(&response, field);
        let message = response.errors()[0]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(&format!("Expected value of type \"{ty}\"")), "{field}: {message}");
    }
    let document = "query($t: DateTime) { notes(filter: { createdOn: { gt: [$t] } }) { totalCount } }";
    assert_refused(&client.query_with(document, json!({ "t": "2026-03-14T09:26:53Z" })).await, document);
    assert_eq!(client.query_with("query($i: ID!) { node(id: $i) { id } }", json!({ "i": id })).await["node"]["id"], id);
}

#[tokio::test]
async fn string_literals_are_decoded() {
    let app = App::start().await;
    let client = client(&app).await;
    for (literal, expected) in [
        ("\"\"\"say \\\"\"\" twice\"\"\"", "say \"\"\" twice"),
        ("\"\"\"\n    a\n \n    b\n\"\"\"", "a\n\nb"),
        ("\"\\u{1F600}\"", "😀"),
        ("\"\\uD83D\\uDE00\"", "😀"),
        ("\"\\u0041\\n\"", "A\n"),
    ] {
        assert_eq!(created(&client, literal).await["details"], expected, "{literal}");
    }
    for literal in ["\"\\uD83D\"", "\"\\u{D83D}\"", "\"\\u{110000}\"", "\"\\x\"", "\"\"\"a"] {
        let document = format!("{{ notes(search: {literal}) {{ totalCount }} }}");
        assert_refused(&client.query(&document).await, literal);
    }
}

#[tokio::test]
async fn duplicate_names_are_refused() {
    let app = App::start().await;
    let client = client(&app).await;
    for document in [
        "mutation { notePatch(input: { id: 1, id: 2, patch: { subject: \"one\" } }) { changedFields } }",
        "{ notes(filter: { status: { eq: OPEN, eq: CLOSED } }) { totalCount } }",
        "{ notes(first: 1, first: 2) { totalCount } }",
        "query($a: Int, $a: Int) { notes(first: $a) { totalCount } }",
        "query A { viewer { scopes } } query A { viewer { scopes } }",
        "{ viewer { ...F } } fragment F on Viewer { scopes } fragment F on Viewer { scopes }",
        "{ viewer { scopes @skip(if: true) @skip(if: true) } }",
    ] {
        assert_refused(&client.query(document).await, document);
    }
}

#[tokio::test]
async fn locations_are_right_for_all_line_endings() {
    let app = App::start().await;
    let client = client(&app).await;
    for end in ["\n", "\r", "\r\n"] {
        let response = client.query(&format!("{{{end}  viewer {{{end}    nope{end}  }}{end}}}")).await;
        assert_refused(&response, end);
        assert_eq!(response.errors()[0]["locations"], json!([{ "line": 3, "column": 5 }]), "{end:?}");
    }
}

#[tokio::test]
async fn dates_follow_rfc_3339() {
    let app = App::start().await;
    let client = client(&app).await;
    let document = "mutation($d: Date) { customersUpsert(input: [{ externalKey: \"a\", firstName: \"A\", birthdate: $d }]) \
                    { customers { birthdate } } }";
    for text in ["2026- 3-14", "2026-03- 4", "+2026-3-14", " 2026-3-14", "2026-3-14", "20260314"] {
        assert_refused(&client.query_with(document, json!({ "d": text })).await, text);
    }
    let response = client.query_with(document, json!({ "d": "2026-03-14" })).await;
    assert_eq!(response["customersUpsert"]["customers"], json!([{ "birthdate": "2026-03-14" }]));
}

#[tokio::test]
async fn introspection_follows_the_specification() {
    let app = App::start().await;
    let client = client(&app).await;
    let response = client
        .query(
            "query { s: __schema { description types { name } directives { name args { name type { kind } } } ...S }
                node: __type(name: \"Node\") { kind interfaces { name } possibleTypes { name } fields { name } isOneOf }
                note: __type(name: \"Note\") { interfaces { name } possibleTypes { name } }
                date: __type(name: \"Date\") { kind specifiedByURL fields { name } }
                nope: __type(name: \"Nope\") { name }
                order: __type(name: \"NoteOrder\") { isOneOf inputFields { name defaultValue type { kind ofType { name } } } }
                viewer { __typename } __typename }
            fragment S on __Schema { description queryType { name } s: subscriptionType { name } }",
        )
        .await;
    let s = &response["s"];
    assert_eq!((&s["queryType"]["name"], &s["s"]), (&json!("Query"), &json!({ "name": "Subscription" })));
    let description = s["description"].as_str().unwrap();
    assert!(description.starts_with("Notes about a company's customers:"), "{description}");
    let names: Vec<&str> = s["types"].as_array().unwrap().iter().map(|ty| ty["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"ID") && names.contains(&"__Type") && !names.contains(&"Float"), "{names:?}");
    let directives: Vec<&Value> = s["directives"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(json!(directives), json!(["deprecated", "include", "oneOf", "skip", "specifiedBy"]));
    let objects: Vec<Value> =
        ["Company", "Customer", "Note", "NoteAssignee", "NoteEvent", "NoteMessage", "NoteType", "User"]
            .map(|name| json!({ "name": name }))
            .to_vec();
    assert_eq!(
        response["node"],
        json!({ "kind": "INTERFACE", "interfaces": [], "possibleTypes": objects, "fields": [{ "name": "id" }], "isOneOf": null })
    );
    assert_eq!(response["note"], json!({ "interfaces": [{ "name": "Node" }], "possibleTypes": null }));
    assert_eq!(response["date"]["kind"], "SCALAR");
    assert_eq!(response["date"]["specifiedByURL"], "https://www.rfc-editor.org/rfc/rfc3339#section-5.6");
    assert_eq!((&response["nope"], &response["__typename"]), (&Value::Null, &json!("Query")));
    let order = &response["order"];
    assert_eq!(order["isOneOf"], false);
    let nulls = json!({ "name": "nulls", "defaultValue": "LAST", "type": { "kind": "ENUM", "ofType": null } });
    assert_eq!(order["inputFields"][2], nulls);
    let keys: Vec<&String> = response.body["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 8);
    assert_refused(&client.query("{ viewer { ... { __schema { types { name } } } } }").await, "below the root");
}
