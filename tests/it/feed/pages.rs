use notegraph::store::entity::event::MAX_CHARACTERS;
use serde_json::{Value, json};

use super::{change, create, each, feed, history};
use crate::fixture::Fixture;

#[tokio::test]
async fn each_change_is_in_the_feed_and_in_the_history() {
    let fixture = Fixture::with(&["ann", "ben"], &[notegraph::store::entity::token::Scope::Write]).await;
    let client = &fixture.client;
    let now = feed(&fixture, client, "first: 5").await;
    assert_eq!((&now["nodes"], &now["pageInfo"]["hasNextPage"]), (&json!([]), &json!(false)));
    let id = create(client, "subject: \"one\"").await;
    let (ben, note) = (fixture.users[1].id, id.as_str().unwrap());
    for fields in [
        format!(
            r#"notePatch(input: {{ id: "{note}", patch: {{ subject: "two", priority: true }} }}) {{ changedFields }}"#
        ),
        format!(r#"notePatch(input: {{ id: "{note}", patch: {{ status: CLOSED }} }}) {{ changedFields }}"#),
        format!(r#"notePatch(input: {{ id: "{note}", patch: {{ status: OPEN }} }}) {{ changedFields }}"#),
        format!(r#"noteAssign(input: {{ id: "{note}", userIds: ["{ben}"] }}) {{ note {{ id }} }}"#),
        format!(r#"noteUnassign(input: {{ id: "{note}", userIds: ["{ben}"] }}) {{ note {{ id }} }}"#),
        format!(r#"noteMessagePost(input: {{ noteId: "{note}", message: "hello" }}) {{ message {{ id }} }}"#),
    ] {
        change(client, &fields).await;
    }
    let after = format!("after: {}", now["pageInfo"]["endCursor"]);
    let all = feed(&fixture, client, &after).await;
    let expected = ["CREATED", "UPDATED", "CLOSED", "REOPENED", "ASSIGNED", "UNASSIGNED", "MESSAGE_POSTED"];
    assert_eq!(each(&all, "type"), expected);
    let events = all["nodes"].as_array().unwrap();
    let no_length = |field: &str, old: Value, new: Value| json!({ "field": field, "oldValue": old, "newValue": new, "oldLength": null, "newLength": null });
    let expected = [no_length("subject", json!("one"), json!("two")), no_length("priority", json!(false), json!(true))];
    assert_eq!(events[1]["changes"], json!(expected));
    assert_eq!(events[4]["changes"], json!([no_length("assignees", Value::Null, json!([format!("User:{ben}")]))]));
    assert_eq!(events[5]["changes"], json!([no_length("assignees", json!([format!("User:{ben}")]), Value::Null)]));
    assert_eq!(events[6]["message"], json!({ "message": "hello" }));
    assert!(events.iter().all(|event| event["note"]["subject"] == "two" && event["actor"]["username"] == "ann"));
    let newest = history(client, &id, "").await;
    let of_history: Vec<&Value> = newest["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]).collect();
    assert_eq!(of_history, events.iter().rev().collect::<Vec<_>>());
    // Each by its ID, too.
    let ids: Vec<&Value> = events.iter().map(|event| &event["id"]).collect();
    let nodes = client.query_with("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
    assert_eq!(nodes["nodes"], json!(ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>()));
    // From each event on, whatever the page size.
    for (number, event) in events.iter().enumerate() {
        let rest = feed(&fixture, client, &format!("after: {}, first: {}", event["cursor"], number + 1)).await;
        let expected: Vec<&Value> = events.iter().skip(number + 1).take(number + 1).collect();
        assert_eq!(rest["nodes"].as_array().unwrap().iter().collect::<Vec<_>>(), expected);
        assert_eq!(rest["pageInfo"]["hasNextPage"], events.len() > 2 * (number + 1));
    }
    let only = |arguments: &str| format!("from: BEGINNING, {arguments}");
    assert_eq!(each(&feed(&fixture, client, &only("types: [CLOSED, HIDDEN]")).await, "type"), ["CLOSED"]);
    assert_eq!(each(&feed(&fixture, client, &only("types: []")).await, "type"), Vec::<String>::new());
    assert_eq!(each(&feed(&fixture, client, &only(&format!("noteIds: [{id}]"))).await, "type").len(), 7);
    assert_eq!(each(&feed(&fixture, client, &only("noteIds: []")).await, "type").len(), 0);
}

#[tokio::test]
async fn a_history_is_paged_both_ways() {
    let fixture = Fixture::new().await;
    let client = &fixture.client;
    let (id, other) = (create(client, "subject: \"0\"").await, create(client, "subject: \"other\"").await);
    for number in 1..10 {
        let input = format!(r#"{{ id: {id}, patch: {{ subject: "{number}" }} }}"#);
        change(client, &format!("notePatch(input: {input}) {{ changedFields }}")).await;
    }
    fixture.app.settle().await;
    let all = history(client, &id, "").await["edges"].as_array().unwrap().clone();
    assert_eq!(all.len(), 10);
    for (first, step, cursor, edge) in [("first", 1, "after", "endCursor"), ("last", -1, "before", "startCursor")] {
        let (mut pages, mut at) = (Vec::new(), String::new());
        loop {
            let page = history(client, &id, &format!("({first}: 3{at})")).await;
            let edges = page["edges"].as_array().unwrap().clone();
            let more = &page["pageInfo"][if step > 0 { "hasNextPage" } else { "hasPreviousPage" }];
            if step > 0 {
                pages.extend(edges);
            } else {
                pages.splice(..0, edges).for_each(drop);
            }
            if *more == json!(false) {
                break;
            }
            at = format!(", {cursor}: {}", page["pageInfo"][edge]);
        }
        assert_eq!(pages, all, "{first}");
    }
    // Of many notes in as many statements as of one.
    let count = async |ids: &[&Value]| {
        let recording = fixture.app.record();
        let document = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Note { history(first: 3) { nodes { id changes { field } \
             note { subject } } } } } }";
        let nodes = client.query_with(document, json!({ "ids": ids })).await["nodes"].clone();
        (recording.count(), nodes)
    };
    let ((one, _), (two, nodes)) = (count(&[&id]).await, count(&[&id, &other]).await);
    assert_eq!(one, two);
    assert_eq!(nodes[1]["history"]["nodes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn long_values_are_cut_and_say_so() {
    let fixture = Fixture::new().await;
    let client = &fixture.client;
    let id = create(client, &format!("details: \"{}\"", "a".repeat(1_500))).await;
    let input = format!(r#"{{ id: {id}, patch: {{ details: "{}" }} }}"#, "b".repeat(2_000));
    change(client, &format!("notePatch(input: {input}) {{ changedFields }}")).await;
    // As it was stored before values were cut.
    let sql = format!(
        "UPDATE event SET changes = '[{{\"field\":\"details\",\"old\":null,\"new\":\"{}\"}}]' WHERE type = 'created'",
        "c".repeat(3_000)
    );
    let transaction = fixture.app.db().begin().await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&transaction, &sql).await.unwrap();
    transaction.commit().await.unwrap();
    let events = feed(&fixture, client, "from: BEGINNING").await["nodes"].clone();
    let cut = |letter: &str| json!(letter.repeat(MAX_CHARACTERS));
    assert_eq!(events[0]["changes"][0]["newValue"], cut("c"));
    assert_eq!(events[0]["changes"][0]["newLength"], 3_000);
    let expected = json!({ "field": "details", "oldValue": cut("a"), "newValue": cut("b"), "oldLength": 1_500, "newLength": 2_000 });
    assert_eq!(events[1]["changes"], json!([expected]));
}

/// A viewer who may see few events does not make the server read the whole log.
#[tokio::test]
async fn a_page_ends_when_enough_events_were_examined() {
    let fixture = Fixture::with(&["ann", "ben"], &[notegraph::store::entity::token::Scope::Write]).await;
    let ben = super::client(&fixture.users[1]).await;
    let ids: Vec<Value> = {
        let mut ids = Vec::new();
        for _ in 0..100 {
            ids.push(create(&fixture.client, "confidential: true").await);
        }
        ids
    };
    for number in 0..25 {
        let input = json!({ "ids": ids, "patch": { "subject": number.to_string() } });
        let document = "mutation($input: NotesPatchInput!) { notesPatch(input: $input) { changedCount } }";
        assert_eq!(
            fixture.client.query_with(document, json!({ "input": input })).await["notesPatch"]["changedCount"],
            100
        );
    }
    let visible = create(&fixture.client, "subject: \"visible\"").await;
    let recording = fixture.app.record();
    let first = feed(&fixture, &ben, "from: BEGINNING").await;
    let statements = recording.statements().len();
    assert!(statements < 30, "{statements} statements for {} events", 2_500);
    assert_eq!((&first["nodes"], &first["pageInfo"]["hasNextPage"]), (&json!([]), &json!(true)));
    let again = feed(&fixture, &ben, "from: BEGINNING").await;
    assert_ne!(
        first["pageInfo"]["endCursor"], again["pageInfo"]["endCursor"],
        "what is hidden does not show by equality"
    );
    let second = feed(&fixture, &ben, &format!("after: {}", first["pageInfo"]["endCursor"])).await;
    assert_eq!(each(&second, "noteId"), [visible.as_str().unwrap()]);
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    assert_eq!(second["pageInfo"]["endCursor"], second["nodes"][0]["cursor"]);
}

#[tokio::test]
async fn arguments_are_bounded() {
    let fixture = Fixture::new().await;
    let many: Vec<String> = (1..=101).map(|id: i32| id.to_string()).collect();
    for (arguments, message) in [
        ("first: 0".to_owned(), "`first` is 0; a page has 1 to 100 rows."),
        ("first: 101".to_owned(), "`first` is 101; a page has 1 to 100 rows."),
        (format!("noteIds: {many:?}"), "`noteIds` has 101 values; at most 100 are allowed."),
        (format!("customerIds: {many:?}"), "`customerIds` has 101 values; at most 100 are allowed."),
        ("noteIds: [\"User:1\"]".to_owned(), "\"User:1\" is not the ID of a Note, such as \"Note:42\"."),
    ] {
        let response = fixture.client.query(&format!("{{ noteEvents({arguments}) {{ nodes {{ id }} }} }}")).await;
        assert_eq!(response.codes(), ["INVALID"]);
        assert_eq!(response.errors()[0]["message"], message);
    }
}
