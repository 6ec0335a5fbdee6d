//! Filters: the meaning of each rule, and random filters against a plain evaluator.

mod bounded;
mod bounds;
mod counts;
mod evaluate;
mod generate;
mod random;
mod walk;
mod world;

pub use evaluate::{matches, order};
pub use random::HASTY;
pub use world::Row;

use notegraph::store::entity::note::ReferenceType;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{App, Client};

/// A client in a company with three notes: one with every field, one with none, and one with other values.
async fn three_notes() -> (App, Client, [String; 3]) {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let (ann, ben) = (acme.user("ann").await, acme.user("ben").await);
    let (cara, cleo) = (acme.customer("Cara").await, acme.customer("Cleo").await);
    let full = acme.note(|note| {
        note.customer_id = Some(cara.id);
        note.reference_id = Some("7".to_owned());
        note.reference_type = Some(ReferenceType::Order);
        note.user_id = Some(ann.id);
    });
    let full = full.await;
    let empty = acme.note(|_| {}).await;
    let different = acme.note(|note| {
        note.customer_id = Some(cleo.id);
        note.reference_id = Some("8".to_owned());
        note.reference_type = Some(ReferenceType::Event);
        note.user_id = Some(ben.id);
    });
    let different = different.await;
    acme.assign(full.id, ann.id).await;
    acme.assign(different.id, ben.id).await;
    let client = ann.token(&[Scope::Read]).await;
    (app, client, [full, empty, different].map(|note| format!("Note:{}", note.id)))
}

async fn found(client: &Client, filter: &str) -> Vec<String> {
    let document = format!("{{ notes(filter: {filter}, orderBy: [{{ field: CREATED_ON }}]) {{ nodes {{ id }} }} }}");
    let response = client.query(&document).await;
    let nodes = response["notes"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn negations_match_null_columns() {
    let (_app, client, [_, empty, different]) = &three_notes().await;
    for filter in [
        "{ customerId: { neq: 1 } }",
        "{ customerId: { notIn: [1] } }",
        "{ referenceId: { neq: \"7\" } }",
        "{ referenceId: { notIn: [\"7\"] } }",
        "{ referenceType: { neq: ORDER } }",
        "{ referenceType: { notIn: [ORDER] } }",
        "{ userId: { neq: \"User:1\" } }",
        "{ assignees: { none: [1] } }",
        "{ assignees: { includesViewer: false } }",
        "{ not: { customerId: { eq: 1 } } }",
        "{ not: { referenceId: { in: [\"7\", \"x\"] } } }",
        "{ not: { and: [{ userId: { eq: 1 } }, { customerId: { neq: 99 } }] } }",
        "{ not: { assignees: { any: [1] } } }",
        "{ or: [{ customerId: { neq: 1 } }, { userId: { neq: 1 } }] }",
    ] {
        assert_eq!(found(client, filter).await, [empty.clone(), different.clone()], "{filter}");
    }
}

#[tokio::test]
async fn an_empty_list_matches_nothing_and_excludes_nothing() {
    let (_app, client, all) = &three_notes().await;
    for (filter, notes) in [
        ("{ customerId: { in: [] } }", &all[..0]),
        ("{ customerId: { notIn: [] } }", &all[..]),
        ("{ status: { in: [] } }", &all[..0]),
        ("{ status: { notIn: [] } }", &all[..]),
        ("{ referenceId: { in: [] } }", &all[..0]),
        ("{ referenceType: { notIn: [] } }", &all[..]),
        ("{ id: { in: [] } }", &all[..0]),
        ("{ assignees: { any: [] } }", &all[..0]),
        ("{ assignees: { all: [] } }", &all[..]),
        ("{ assignees: { none: [] } }", &all[..]),
        ("{}", &all[..]),
        ("{ or: [] }", &all[..0]),
        ("{ and: [] }", &all[..]),
        ("{ not: {} }", &all[..0]),
        ("{ not: { or: [] } }", &all[..]),
        ("{ or: [{}, { or: [] }] }", &all[..]),
        ("{ and: null, or: null, not: null }", &all[..]),
        ("{ subject: { in: [] } }", &all[..0]),
        ("{ subject: { notIn: [] } }", &all[..]),
        ("{ tags: { hasAny: [] } }", &all[..0]),
        ("{ tags: { hasAll: [], hasNone: [] } }", &all[..]),
        ("{ messages: { exists: false, postedById: null, createdOn: null } }", &all[..]),
        ("{ messages: { postedById: { in: [] } } }", &all[..0]),
        (
            "{ id: null, customerId: null, userId: null, typeId: null, referenceType: null, referenceId: null }",
            &all[..],
        ),
        ("{ status: null, priority: null, confidential: null, showOnOverview: null, subject: null }", &all[..]),
        ("{ tags: null, assignees: null, messages: null }", &all[..]),
        ("{ reminder: null, createdOn: null, updatedOn: null, closedOn: null }", &all[..]),
        ("null", &all[..]),
    ] {
        assert_eq!(found(client, filter).await, notes, "{filter}");
    }
}

#[tokio::test]
async fn a_note_of_many_assignees_counts_once_in_numbered_pages() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let users = [acme.user("ann").await, acme.user("ben").await, acme.user("cleo").await];
    let mut newest = Vec::new();
    for _ in 0..9 {
        let note = acme.note(|_| {}).await;
        for user in &users {
            acme.assign(note.id, user.id).await;
        }
        newest.insert(0, format!("Note:{}", note.id));
    }
    let client = users[0].token(&[Scope::Read]).await;
    let [ann, ben] = [users[0].id, users[1].id];
    for filter in [
        "{ isEmpty: false }".to_owned(),
        format!("{{ any: [{ann}, {ben}] }}"),
        format!("{{ all: [{ann}, {ben}] }}"),
        "{ includesViewer: true }".to_owned(),
        "{ none: [99] }".to_owned(),
    ] {
        for (number, page) in (1..).zip(newest.chunks(2)) {
            let document = format!(
                "{{ notes(filter: {{ assignees: {filter} }}, first: 2, page: {number}) {{ nodes {{ id }} totalCount }} }}"
            );
            let nodes: Vec<Value> = page.iter().map(|id| json!({ "id": id })).collect();
            let response = client.query(&document).await;
            assert_eq!(response["notes"], json!({ "nodes": nodes, "totalCount": 9 }), "{document}");
        }
    }
}

const NULLS: &str =
    "query($filter: NoteFilter) { notes(filter: $filter, orderBy: [{ field: CREATED_ON }]) { nodes { id } } }";

/// Each comparison with its operators.
const COMPARISONS: [(&str, &[&str]); 9] = [
    ("customerId", &["eq", "neq", "in", "notIn", "isNull"]),
    ("referenceId", &["eq", "neq", "in", "notIn", "isNull"]),
    ("referenceType", &["eq", "neq", "in", "notIn", "isNull"]),
    ("status", &["eq", "neq", "in", "notIn"]),
    ("assignees", &["any", "all", "none", "isEmpty", "includesViewer"]),
    ("subject", &["eq", "neq", "in", "notIn", "contains", "startsWith", "isNull"]),
    ("tags", &["hasAny", "hasAll", "hasNone", "isEmpty"]),
    ("closedOn", &["eq", "gt", "gte", "lt", "lte", "isNull"]),
    ("messages", &["exists", "postedById", "createdOn"]),
];

/// Generated clients in Rust and Kotlin send null for operators that are not set.
#[tokio::test]
async fn an_operator_that_is_null_sets_no_condition() {
    let (_app, client, [full, empty, different]) = &three_notes().await;
    let all = [full, empty, different].map(String::as_str);
    for (field, operator, value, expected) in [
        ("customerId", "eq", json!("1"), &all[..1]),
        ("referenceId", "in", json!(["8"]), &all[2..]),
        ("referenceType", "isNull", json!(true), &all[1..2]),
        ("status", "eq", json!("OPEN"), &all[..]),
        ("assignees", "isEmpty", json!(true), &all[1..2]),
        ("subject", "contains", json!("note"), &all[..]),
        ("tags", "hasNone", json!(["x"]), &all[..]),
        ("closedOn", "isNull", json!(true), &all[..]),
        ("messages", "exists", json!(true), &all[..0]),
    ] {
        let (_, operators) = COMPARISONS.iter().find(|(name, _)| *name == field).unwrap();
        let mut comparison: serde_json::Map<String, Value> =
            operators.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        comparison.insert(operator.to_owned(), value);
        let filter = json!({ field: comparison, "priority": null, "and": null, "or": null, "not": null });
        let response = client.query_with(NULLS, json!({ "filter": filter })).await;
        let found: Vec<&str> =
            response["notes"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn a_comparison_without_an_operator_is_refused_and_names_is_null() {
    let (_app, client, _) = &three_notes().await;
    for (field, operators) in COMPARISONS {
        let nulls: serde_json::Map<String, Value> =
            operators.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        let each = operators.iter().map(|operator| json!({ *operator: null }));
        for comparison in each.chain([json!({}), Value::Object(nulls)]) {
            for filter in [json!({ field: comparison }), json!({ "not": { field: comparison } })] {
                let response = client.query_with(NULLS, json!({ "filter": filter })).await;
                assert_eq!(response.codes(), ["INVALID"], "{filter}");
                let message = response.errors()[0]["message"].as_str().unwrap();
                assert!(message.contains(&format!("{field}`")) && message.contains("isNull"), "{message}");
            }
        }
    }
    // The hint is given where it helps: a field that every note has is never null.
    for (filter, is_nullable) in [
        (json!({ "id": {} }), false),
        (json!({ "createdOn": {} }), false),
        (json!({ "updatedOn": {} }), false),
        (json!({ "messages": { "createdOn": {} } }), false),
        (json!({ "userId": {} }), true),
        (json!({ "typeId": {} }), true),
        (json!({ "reminder": {} }), true),
        (json!({ "messages": { "postedById": {} } }), true),
    ] {
        let response = client.query_with(NULLS, json!({ "filter": filter })).await;
        let message = response.errors()[0]["message"].as_str().unwrap();
        assert_eq!(message.contains("use `isNull: true`"), is_nullable, "{message}");
        assert_eq!(message.contains("never empty"), !is_nullable, "{message}");
    }
    let query = "query($none: ID) { notes(filter: { id: { eq: $none } }) { totalCount } }";
    for variables in [json!({}), json!({ "none": null })] {
        let response = client.query_with(query, variables).await;
        assert_eq!(response.codes(), ["INVALID"], "a variable that is null is no condition left out");
    }
}

#[tokio::test]
async fn lists_have_at_most_a_hundred_values() {
    let (_app, client, _) = &three_notes().await;
    let query = "query($filter: NoteFilter) { notes(filter: $filter) { totalCount } }";
    let values = |count: i32| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>();
    for (field, operator) in [
        ("customerId", "in"),
        ("id", "notIn"),
        ("referenceId", "in"),
        ("assignees", "any"),
        ("assignees", "all"),
        ("assignees", "none"),
    ] {
        let ask =
            async |count| client.query_with(query, json!({ "filter": { field: { operator: values(count) } } })).await;
        ask(100).await.data();
        let response = ask(101).await;
        assert_eq!(response.codes(), ["INVALID"], "{field}.{operator}");
        let message = response.errors()[0]["message"].as_str().unwrap();
        assert!(message.contains("101") && message.contains("100"), "{message}");
    }
    let statuses = vec!["OPEN"; 101];
    let response = client.query_with(query, json!({ "filter": { "status": { "in": statuses } } })).await;
    assert_eq!(response.codes(), ["INVALID"]);
}

#[tokio::test]
async fn an_id_of_another_kind_is_refused() {
    let (_app, client, _) = &three_notes().await;
    for filter in [
        "{ customerId: { eq: \"User:1\" } }",
        "{ id: { in: [\"1\", \"Customer:1\"] } }",
        "{ userId: { neq: \"x\" } }",
        "{ typeId: { eq: \"01\" } }",
        "{ assignees: { any: [\"Note:1\"] } }",
        "{ referenceId: { eq: \"\\u0000\" } }",
    ] {
        let response = client.query(&format!("{{ notes(filter: {filter}) {{ totalCount }} }}")).await;
        assert_eq!(response.codes(), ["INVALID"], "{filter}");
    }
}
