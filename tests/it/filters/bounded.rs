//! Lists and counts whose conditions would examine more notes than one statement may: a page ends where its statement
//! stops, and its cursor continues there.

use std::ops::Range;

use notegraph::graphql::ListLimits;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{App, Client, Engine};

/// A statement examines seven notes if its condition does more than compare columns.
const LIMITS: ListLimits = ListLimits { looked_at: 3, scored: 5, work: 7, fewest: 7 };
const NOTES: i64 = 40;

/// Creates forty notes of one customer and author, each with a message. Every ninth has a rare subject.
async fn notes() -> (App, Client) {
    let app = App::start_with(&Engine::of_this_run(), LIMITS).await;
    let acme = app.company("Acme").await;
    let (ann, cara) = (acme.user("ann").await, acme.customer("Cara").await);
    for number in 0..NOTES {
        let is_rare = number % 9 == 4;
        let note = acme
            .note(|note| {
                let subject = if is_rare { "a rare thing" } else { "a thing" };
                (note.subject, note.subject_folded) = (Some(subject.to_owned()), Some(subject.to_owned()));
                (note.customer_id, note.user_id) = (Some(cara.id), Some(ann.id));
            })
            .await;
        acme.message(note.id, |row| "here it is".clone_into(&mut row.message)).await;
    }
    let client = ann.token(&[Scope::Read]).await;
    (app, client)
}

fn rare(numbers: Range<i64>) -> Vec<i64> {
    numbers.filter(|number| number % 9 == 4).rev().collect()
}

/// The numbers of notes, counted from the first one in the order of their creation.
fn numbers(nodes: &Value, first: i64) -> Vec<i64> {
    let id = |node: &Value| node["databaseId"].as_str().unwrap().parse::<i64>().unwrap() - first;
    nodes.as_array().unwrap().iter().map(id).collect()
}

async fn first_id(client: &Client) -> i64 {
    let oldest = client.query("{ notes(last: 1) { nodes { databaseId } } }").await;
    oldest["notes"]["nodes"][0]["databaseId"].as_str().unwrap().parse().unwrap()
}

/// Pages through a list to its end. Returns its notes and the number of pages.
async fn walk(client: &Client, around: [&str; 2], field: &str, arguments: &str, backwards: bool) -> (Vec<i64>, usize) {
    let (size, beyond, more, end) = if backwards {
        ("last: 2", "before", "hasPreviousPage", "startCursor")
    } else {
        ("first: 2", "after", "hasNextPage", "endCursor")
    };
    let first = first_id(client).await;
    let [open, close] = around;
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, Value::Null);
    loop {
        let document = format!(
            "query($cursor: String) {{ {open} {field}({arguments}, {size}, {beyond}: $cursor) {{ nodes {{ databaseId }} \
             pageInfo {{ {more} {end} }} }} {close} }}"
        );
        let response = client.query_with(&document, json!({ "cursor": cursor })).await;
        let pointer =
            if open.is_empty() { String::new() } else { format!("/{}/nodes/0", open.split(' ').next().unwrap()) };
        let list = &response.data().pointer(&pointer).unwrap()[field];
        let page = numbers(&list["nodes"], first);
        if backwards {
            found.splice(0..0, page);
        } else {
            found.extend(page);
        }
        pages += 1;
        cursor = list["pageInfo"][end].clone();
        if list["pageInfo"][more] == false {
            return (found, pages);
        }
        assert!(cursor.is_string() && pages < 50, "{list}");
    }
}

/// Filters and searches that examine each note.
const ASKED: [&str; 4] = [
    "filter: { subject: { contains: \"rare\" } }",
    "filter: { or: [{ tags: { hasAny: [\"none\"] } }, { subject: { contains: \"RARE\" } }] }",
    "search: \"\\\"rare thing\\\"\"",
    "search: \"-\\\"a thing\\\"\"",
];

#[tokio::test]
async fn paging_finds_notes_beyond_the_bound_of_one_statement() {
    let (_app, client) = &notes().await;
    let nested: [([&str; 2], &str); 3] =
        [(["", ""], "notes"), (["customers { nodes {", "} }"], "notes"), (["users { nodes {", "} }"], "createdNotes")];
    for (around, field) in nested {
        for asked in ASKED {
            for backwards in [false, true] {
                let (found, pages) = walk(client, around, field, asked, backwards).await;
                assert_eq!(found, rare(0..NOTES), "{field}({asked}), backwards: {backwards}");
                // If an index finds the notes, only those are examined.
                let least = if asked.contains("\"rare thing") && around[0].is_empty() { 2 } else { 6 };
                assert!(pages >= least, "{field}({asked}): {pages} pages");
            }
        }
        // Comparing columns has no limit: pages are full.
        let (found, pages) = walk(client, around, field, "filter: { confidential: false }", false).await;
        assert_eq!((found.len(), pages), (40, 20), "{field}");
    }
}

#[tokio::test]
async fn counts_say_whether_they_are_exact() {
    let (_app, client) = &notes().await;
    let count = async |arguments: &str| {
        let list = format!("({arguments}) {{ totalCount totalCountPrecision }}");
        let document = format!("{{ notes{list} customers {{ nodes {{ notes{list} }} }} }}");
        let response = client.query(&document).await;
        let told = |list: &Value| {
            (list["totalCount"].as_u64().unwrap(), list["totalCountPrecision"].as_str().unwrap().to_owned())
        };
        [told(&response["notes"]), told(&response["customers"]["nodes"][0]["notes"])]
    };
    for asked in ASKED {
        for (count, precision) in count(asked).await {
            // At most one of eight consecutive notes is rare.
            let is_right = if precision == "AT_LEAST" { count <= 1 } else { count == rare(0..NOTES).len() as u64 };
            assert!(is_right, "{asked}: {precision} {count}");
        }
    }
    assert_eq!(count(ASKED[0]).await[0], (0, "AT_LEAST".to_owned()), "the newest eight are 39 to 32, and 31 is rare");
    assert_eq!(count(ASKED[2]).await[0], (4, "EXACT".to_owned()), "an index finds few: all are looked at");
    let few = count("filter: { subject: { contains: \"rare\", startsWith: \"a rare\" } }").await;
    assert_eq!(few[0], (4, "EXACT".to_owned()), "an index finds few: all are looked at");
    let document = "{ noteCounts(groupBy: STATUS, filter: { subject: { contains: \"a\" } }) { count precision } }";
    assert_eq!(client.query(document).await["noteCounts"], json!([{ "count": 7, "precision": "AT_LEAST" }]));
    let document = "{ noteCounts(groupBy: STATUS, filter: { subject: { eq: \"a rare thing\" } }) { count precision } }";
    assert_eq!(client.query(document).await["noteCounts"], json!([{ "count": 4, "precision": "EXACT" }]));
}

#[tokio::test]
async fn relevance_lists_the_newest_of_too_many_candidates() {
    let (_app, client) = &notes().await;
    let (found, _) =
        walk(client, ["", ""], "notes", "search: \"thing\", orderBy: [{ field: RELEVANCE, direction: DESC }]", false)
            .await;
    assert_eq!(found, (NOTES - 7..NOTES).rev().collect::<Vec<i64>>());
}

/// A statement reads a related table as a whole a few times at most, and the messages since some time once.
#[tokio::test]
async fn notes_are_found_through_related_rows_within_a_bound() {
    let (app, client) = &notes().await;
    let since = |day: usize| json!({ "messages": { "createdOn": { "gt": format!("2001-01-{day:02}T00:00:00Z") } } });
    let tag = |number: usize| json!({ "tags": { "hasAny": [format!("tag {number}")] } });
    for (filters, tables) in [
        ((1..9).map(since).collect::<Vec<Value>>(), [1, 0]),
        ((1..9).map(tag).collect(), [0, 4]),
        ((1..9).flat_map(|number| [since(number), tag(number)]).collect(), [1, 3]),
    ] {
        let recording = app.record();
        let query = "query($filter: NoteFilter) { notes(filter: $filter) { totalCount } }";
        client.query_with(query, json!({ "filter": { "and": filters } })).await.data();
        for sql in recording.sql() {
            let read = ["message", "note_tag"]
                .map(|table| sql.matches(&format!("IN (SELECT \"{table}\".\"note_id\"")).count());
            assert!(!sql.contains("count(") || read == tables, "{read:?}: {sql}");
        }
    }
}

#[tokio::test]
async fn texts_of_a_filter_are_bounded() {
    let (_app, client) = &notes().await;
    let query = "query($filter: NoteFilter) { notes(filter: $filter) { totalCount } }";
    let ask = async |filter: Value| client.query_with(query, json!({ "filter": filter })).await;
    let text = |bytes: usize| "x".repeat(bytes);
    for (filter, larger) in [
        (json!({ "subject": { "contains": text(32_768) } }), json!({ "subject": { "contains": text(32_769) } })),
        (
            json!({ "and": [{ "subject": { "in": [text(16_000), text(16_000)] } }, { "tags": { "hasAny": [text(768)] } }] }),
            json!({ "not": { "subject": { "in": [text(16_000), text(16_000)] }, "tags": { "hasAll": [text(769)] } } }),
        ),
    ] {
        ask(filter).await.data();
        let refused = ask(larger).await;
        assert_eq!(refused.codes(), ["INVALID"]);
        assert!(refused.errors()[0]["message"].as_str().unwrap().contains("32769 bytes"), "{:?}", refused.errors());
    }
}
