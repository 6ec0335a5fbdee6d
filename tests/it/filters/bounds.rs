//! Limits on the size and depth of a filter, and the errors beyond them.

use notegraph::store::entity::note::Tags;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::App;

use super::three_notes;

const QUERY: &str = "query($filter: NoteFilter) { notes(filter: $filter) { totalCount } }";

#[tokio::test]
async fn levels_and_conditions_of_a_filter_are_bounded() {
    let (_app, client, _) = &three_notes().await;
    let nest = |levels: usize, name: &str| {
        (1..levels).fold(json!({ "priority": true }), |within, _| {
            let within = if name == "not" { within } else { json!([within]) };
            json!({ name: within })
        })
    };
    for name in ["and", "or", "not"] {
        client.query_with(QUERY, json!({ "filter": nest(4, name) })).await.data();
        let response = client.query_with(QUERY, json!({ "filter": nest(5, name) })).await;
        assert_eq!(response.codes(), ["INVALID"], "{name}");
        let message = response.errors()[0]["message"].as_str().unwrap();
        assert!(message.contains("4 levels") && message.contains(name), "{message}");
    }
    let operators = json!({ "eq": 1, "neq": 2, "in": [3], "notIn": [4], "isNull": false });
    let conditions = |count: usize| -> Value {
        // Nine conditions with five operators each, and single ones to make up the number.
        let mut all = vec![json!({ "customerId": operators }); 9];
        all.resize(9 + count - 45, json!({ "confidential": false }));
        json!({ "and": all })
    };
    let empty = |count: usize| json!({ "or": vec![json!({}); count] });
    for filter in [&conditions as &dyn Fn(usize) -> Value, &empty] {
        client.query_with(QUERY, json!({ "filter": filter(50) })).await.data();
        let response = client.query_with(QUERY, json!({ "filter": filter(51) })).await;
        assert_eq!(response.codes(), ["INVALID"]);
        assert!(response.errors()[0]["message"].as_str().unwrap().contains("50 conditions"), "{:?}", response.errors());
    }
}

#[tokio::test]
async fn a_list_of_filters_has_the_same_limit_as_other_lists() {
    let (_app, client, _) = &three_notes().await;
    for name in ["and", "or"] {
        let response = client.query_with(QUERY, json!({ "filter": { name: vec![json!({}); 101] } })).await;
        assert_eq!(response.codes(), ["INVALID"], "{name}");
        let message = response.errors()[0]["message"].as_str().unwrap();
        assert!(message.contains("101") && message.contains("100"), "{message}");
    }
}

#[tokio::test]
async fn errors_of_a_filter_name_the_path() {
    let (_app, client, _) = &three_notes().await;
    for (filter, place) in [
        (json!({ "or": [{}, { "not": { "subject": { "contains": null } } }] }), "or[1].not.subject"),
        (json!({ "and": [{ "tags": { "hasAny": vec!["x"; 101] } }] }), "and[0].tags.hasAny"),
        (json!({ "messages": { "postedById": { "eq": null } } }), "messages.postedById"),
        (json!({ "messages": { "exists": null } }), "messages"),
        (json!({ "reminder": { "gt": null } }), "reminder"),
        (json!({ "subject": { "in": ["\0"] } }), "subject"),
        (json!({ "tags": { "hasAll": ["\0"] } }), "tags"),
    ] {
        let response = client.query_with(QUERY, json!({ "filter": filter })).await;
        assert_eq!(response.codes(), ["INVALID"], "{filter}");
        let message = response.errors()[0]["message"].as_str().unwrap();
        assert!(message.contains(&format!("`{place}`")), "{message}");
    }
}

/// One note has all of a hundred users and tags, another lacks one of each.
#[tokio::test]
async fn each_condition_accepts_a_hundred_values() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let mut users = Vec::new();
    for n in 0..100 {
        users.push(acme.user(&format!("user {n}")).await.id);
    }
    let tags: Vec<String> = (0..100).map(|n| format!("tag {n}")).collect();
    let mut notes = Vec::new();
    for missing in [0, 1] {
        let note = acme.note(|note| note.tags = Tags(tags[missing..].to_vec())).await.id;
        for user in &users[missing..] {
            acme.assign(note, *user).await;
        }
        notes.insert(0, format!("Note:{note}"));
    }
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    let asked = async |filter: Value| {
        let query = "query($filter: NoteFilter) { notes(filter: $filter) { nodes { id } totalCount } }";
        let found = client.query_with(query, json!({ "filter": filter })).await["notes"].clone();
        let ids = found["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned());
        let ids: Vec<String> = ids.collect();
        assert_eq!(found["totalCount"], ids.len());
        ids
    };
    for (operator, values) in [("assignees", json!(users)), ("tags", json!(tags))] {
        let values = values.as_array().unwrap();
        let name = if operator == "tags" { "hasAll" } else { "all" };
        let all = |values: &[Value]| json!({ operator: { name: values } });
        let without_first = all(&values[1..]);
        // As many values as a list may have, in as many conditions as a filter may have.
        let most = |name: &str| json!({ name: vec![all(values); 50] });
        assert_eq!(asked(most("and")).await, notes[1..], "{operator}");
        assert_eq!(asked(most("or")).await, notes[1..], "{operator}");
        assert_eq!(asked(json!({ "not": { "and": vec![all(values); 50] } })).await, notes[..1], "{operator}");
        assert_eq!(asked(json!({ "or": vec![without_first; 50] })).await, notes, "{operator}");
        // A repeated value counts once.
        assert_eq!(asked(all(&[&values[1..5], &values[1..9]].concat())).await, notes, "{operator}");
        for count in 1..8 {
            assert_eq!(asked(all(&values[..count])).await, notes[1..], "{operator}: {count}");
            assert_eq!(asked(all(&values[1..=count])).await, notes, "{operator}: {count}");
        }
    }
}
