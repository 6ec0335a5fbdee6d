//! The order by relevance: its weights and its requirements.

use notegraph::graphql::ListLimits;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{App, Client, Company, Engine};

/// A company with notes that contain `late` in various parts, created in this order.
async fn notes(app: &App) -> (Company, Client) {
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await;
    let cara = acme.customer("Cara").await;
    for (subject, details, messages) in [
        ("late", "", &[][..]),
        ("", "late", &["late", "x"]),
        ("", "", &["late", "too late", "late, late"]),
        ("too late", "late", &["late"]),
        ("nothing", "of it", &["here"]),
        ("", "late", &[]),
        ("", "too late", &[]),
        ("", "", &["later"]),
    ] {
        let note = acme.note(|note| {
            (note.subject, note.details) = (Some(subject.to_owned()), Some(details.to_owned()));
            (note.customer_id, note.user_id) = (Some(cara.id), Some(ann.id));
        });
        let note = note.await;
        acme.assign(note.id, ann.id).await;
        for message in messages {
            acme.message(note.id, |row| (*message).clone_into(&mut row.message)).await;
        }
    }
    let client = ann.token(&[Scope::Read]).await;
    (acme, client)
}

fn ids(list: &Value) -> Vec<i64> {
    let id = |node: &Value| node["databaseId"].as_str().unwrap().parse().unwrap();
    list["nodes"].as_array().unwrap().iter().map(id).collect()
}

/// The same list of all notes, of a customer, of an author and of an assignee.
async fn lists(client: &Client, arguments: &str) -> Vec<Vec<i64>> {
    let [notes, created, assigned] = ["notes", "createdNotes", "assignedNotes"]
        .map(|field| format!("{field}({arguments}) {{ nodes {{ databaseId }} }}"));
    let document = format!(
        "{{ {notes} customers {{ nodes {{ {notes} }} }} users(first: 1) {{ nodes {{ {created} {assigned} }} }} }}"
    );
    let response = client.query(&document).await;
    let (customer, user) = (&response["customers"]["nodes"][0], &response["users"]["nodes"][0]);
    [&response["notes"], &customer["notes"], &user["createdNotes"], &user["assignedNotes"]].map(ids).into()
}

async fn assert_lists(client: &Client, arguments: &str, expected: &[i64]) {
    for list in lists(client, arguments).await {
        assert_eq!(list, expected, "{arguments}");
    }
}

#[tokio::test]
async fn subjects_rank_above_details_and_details_above_messages() {
    let app = App::start().await;
    let (_, client) = &notes(&app).await;
    // The scores are 14, 10, 4, three times 3 with the newest note first, and 1.
    let one = "search: \"late\", orderBy: [{ field: RELEVANCE, direction: DESC }]";
    assert_lists(client, one, &[4, 1, 2, 7, 6, 3, 8]).await;
    assert_lists(client, "search: \"late\", orderBy: [{ field: RELEVANCE }]", &[8, 3, 6, 7, 2, 1, 4]).await;
    // Each word counts: the scores are 24, 6 and 4. The last note has both words in one message and one of them in two.
    let two = "search: \"too late\", orderBy: [{ field: RELEVANCE, direction: DESC }]";
    assert_lists(client, two, &[4, 7, 3]).await;
    let phrase = "search: \"\\\"too late\\\" -nothing\", orderBy: [{ field: RELEVANCE, direction: DESC }]";
    assert_lists(client, phrase, &[4, 7, 3]).await;
    let excluded = "search: \"-nothing\", orderBy: [{ field: RELEVANCE, direction: DESC }]";
    assert_lists(client, excluded, &[8, 7, 6, 4, 3, 2, 1]).await;
    let filtered = "search: \"late\", filter: { id: { notIn: [4, 7] } }, \
                    orderBy: [{ field: RELEVANCE, direction: DESC }], first: 3";
    assert_lists(client, filtered, &[1, 2, 6]).await;
}

#[tokio::test]
async fn relevance_combines_with_other_fields() {
    let app = App::start().await;
    let (_, client) = &notes(&app).await;
    let oldest = "search: \"late\", orderBy: [{ field: RELEVANCE, direction: DESC }, { field: CREATED_ON }]";
    assert_lists(client, oldest, &[4, 1, 2, 3, 6, 7, 8]).await;
    let by_subject = "search: \"late\", orderBy: [{ field: SUBJECT }, { field: RELEVANCE, direction: DESC }]";
    assert_lists(client, by_subject, &[2, 7, 6, 3, 8, 1, 4]).await;
}

#[tokio::test]
async fn beyond_the_newest_matches_only_age_decides() {
    let app = App::start_with(&Engine::of_this_run(), ListLimits { scored: 3, ..ListLimits::default() }).await;
    let (_, client) = &notes(&app).await;
    let by = |rest: &str| format!("search: \"late\", orderBy: [{{ field: RELEVANCE{rest} }}]");
    assert_lists(client, &by(", direction: DESC"), &[7, 6, 8, 4, 3, 2, 1]).await;
    assert_lists(client, &by(""), &[1, 2, 3, 4, 8, 6, 7]).await;
    let page = |page: i32| format!("{}, first: 2, page: {page}", by(", direction: DESC"));
    assert_lists(client, &page(2), &[8, 4]).await;
    // Only the newest matches that pass the filter are scored.
    let filtered = format!("{}, filter: {{ id: {{ notIn: [7, 8] }} }}", by(", direction: DESC"));
    assert_lists(client, &filtered, &[4, 6, 3, 2, 1]).await;
}

#[tokio::test]
async fn relevance_requires_a_search() {
    let app = App::start().await;
    let (_, client) = &notes(&app).await;
    for search in ["", "search: null, ", "search: \"\", ", "search: \" \\n\", "] {
        for (open, close) in [("", ""), ("customers { nodes {", "} }")] {
            let list = format!("notes({search}orderBy: [{{ field: RELEVANCE }}]) {{ nodes {{ id }} }}");
            let response = client.query(&format!("{{ {open} {list} {close} }}")).await;
            assert_eq!(response.codes(), ["INVALID"], "{search}");
            let message = response.errors()[0]["message"].as_str().unwrap();
            assert!(message.contains("RELEVANCE") && message.contains("`search`"), "{message}");
        }
    }
    // A search without words finds nothing, and is no error.
    assert_lists(client, "search: \"?!\", orderBy: [{ field: RELEVANCE }]", &[]).await;
}

#[tokio::test]
async fn cursors_belong_to_one_search() {
    let app = App::start().await;
    let (_, client) = &notes(&app).await;
    let query = "query($search: String, $order: [NoteOrder!], $after: String) {
        notes(search: $search, orderBy: $order, first: 2, after: $after) { nodes { databaseId } pageInfo { endCursor } } }";
    let order = json!([{ "field": "RELEVANCE", "direction": "DESC" }]);
    let ask = async |search: &str, order: &Value, after: &Value| {
        client.query_with(query, json!({ "search": search, "order": order, "after": after })).await
    };
    let first = ask("late", &order, &Value::Null).await;
    let cursor = &first["notes"]["pageInfo"]["endCursor"];
    assert!(cursor.as_str().unwrap().len() < 100, "{cursor}");
    let again = ask(&"late ".repeat(90), &order, &Value::Null).await;
    assert!(again["notes"]["pageInfo"]["endCursor"].as_str().unwrap().len() < 100, "whatever the search");
    assert_eq!(ids(&ask("late", &order, cursor).await["notes"]), [2, 7]);
    for (search, order) in [
        ("later", order.clone()),
        ("too late", order.clone()),
        ("late", json!([{ "field": "RELEVANCE" }])),
        ("late", json!([{ "field": "CREATED_ON", "direction": "DESC" }])),
        ("late", json!([{ "field": "RELEVANCE", "direction": "DESC" }, { "field": "CREATED_ON" }])),
    ] {
        assert_eq!(ask(search, &order, cursor).await.codes(), ["BAD_CURSOR"], "{search} {order}");
    }
}

#[tokio::test]
async fn relevance_takes_one_statement() {
    let app = App::start().await;
    let (_, client) = &notes(&app).await;
    let arguments = "search: \"late\", orderBy: [{ field: RELEVANCE }], first: 3";
    for (document, statements) in [
        (format!("{{ notes({arguments}) {{ nodes {{ subject }} }} }}"), 1),
        (format!("{{ notes({arguments}) {{ totalCount nodes {{ subject }} }} }}"), 2),
        (format!("{{ customers {{ nodes {{ notes({arguments}) {{ nodes {{ subject }} }} }} }} }}"), 2),
        (format!("{{ users {{ nodes {{ assignedNotes({arguments}) {{ nodes {{ subject }} }} }} }} }}"), 2),
    ] {
        let recording = app.record();
        client.query(&document).await.data();
        assert_eq!(recording.count(), statements, "{document}");
    }
}
