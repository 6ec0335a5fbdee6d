//! How large and how deep a filter may be, and what it says of one that is larger.

use serde_json::{Value, json};

use super::three_notes;

const QUERY: &str = "query($filter: NoteFilter) { notes(filter: $filter) { totalCount } }";

#[tokio::test]
async fn a_filter_has_so_many_levels_and_conditions_and_no_more() {
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
        // Five operators in each of nine, and single ones to make up the number.
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
async fn a_list_of_filters_is_as_long_as_any() {
    let (_app, client, _) = &three_notes().await;
    for name in ["and", "or"] {
        let response = client.query_with(QUERY, json!({ "filter": { name: vec![json!({}); 101] } })).await;
        assert_eq!(response.codes(), ["INVALID"], "{name}");
        let message = response.errors()[0]["message"].as_str().unwrap();
        assert!(message.contains("101") && message.contains("100"), "{message}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_place() {
    let (_app, client, _) = &three_notes().await;
    for (filter, place) in [
        (json!({ "or": [{}, { "not": { "subject": { "contains": null } } }] }), "or[1].not.subject.contains"),
        (json!({ "and": [{ "tags": { "hasAny": vec!["x"; 101] } }] }), "and[0].tags.hasAny"),
        (json!({ "messages": { "postedById": { "eq": null } } }), "messages.postedById.eq"),
        (json!({ "messages": { "exists": null } }), "messages.exists"),
        (json!({ "reminder": { "gt": null } }), "reminder.gt"),
        (json!({ "subject": { "in": ["\0"] } }), "subject"),
        (json!({ "tags": { "hasAll": ["\0"] } }), "tags"),
    ] {
        let response = client.query_with(QUERY, json!({ "filter": filter })).await;
        assert_eq!(response.codes(), ["INVALID"], "{filter}");
        let message = response.errors()[0]["message"].as_str().unwrap();
        assert!(message.contains(&format!("`{place}`")), "{message}");
    }
}
