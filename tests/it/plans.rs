//! Query plans: no list scans a whole table, and the lists that front ends show first are never sorted.

mod indexes;
mod related;

use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::json;
use testkit::{App, Client};

use crate::loading::demo_client;

const NOTES: u64 = 2_000;

async fn demo() -> App {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), NOTES, &|_| {}).await.unwrap();
    if app.db().backend() == DatabaseBackend::Postgres {
        // The database's own housekeeping does this after a while; without statistics the plans are guesses.
        app.db().schema_connection().execute_unprepared("ANALYZE").await.unwrap();
    }
    app
}

/// A viewer who sees all notes, and one who does not: the visibility condition is part of each plan.
async fn viewers(app: &App) -> [Client; 2] {
    let all = [Scope::Read, Scope::Write, Scope::Confidential];
    [demo_client(app, &all).await, demo_client(app, &all[..2]).await]
}

async fn assert_no_table_scans(app: &App, client: &Client, documents: &[String]) {
    for document in documents {
        let recording = app.record();
        client.query(document).await.data();
        let ran = recording.statements();
        assert!(ran.len() > 1, "the look-up of the token, and more: {document}");
        app.assert_no_table_scans(&ran).await;
    }
}

async fn assert_no_sorts(app: &App, client: &Client, documents: &[String]) {
    for document in documents {
        let recording = app.record();
        client.query(document).await.data();
        let ran = recording.of_operation();
        assert_eq!(ran.len(), 1, "{document}");
        app.assert_no_table_scans(&ran).await;
        app.assert_no_sorts(&ran).await;
    }
}

const FILTERS: [&str; 52] = [
    "id: { eq: 5 }",
    "id: { neq: 5 }",
    "id: { in: [5, 6] }",
    "customerId: { eq: 5 }",
    "customerId: { neq: 5 }",
    "customerId: { in: [5, 6] }",
    "customerId: { notIn: [5, 6] }",
    "customerId: { isNull: true }",
    "userId: { eq: 5 }",
    "userId: { isNull: true }",
    "typeId: { eq: 5 }",
    "typeId: { in: [5, 6] }",
    "status: { eq: OPEN }",
    "status: { neq: OPEN }",
    "referenceType: { eq: ORDER }",
    "referenceType: { isNull: false }",
    "referenceId: { eq: \"12345\" }",
    "referenceType: { eq: ORDER }, referenceId: { eq: \"12345\" }",
    "priority: true",
    "confidential: true",
    "showOnOverview: true",
    "assignees: { any: [1, 2] }",
    "assignees: { all: [1, 2] }",
    "assignees: { none: [1, 2] }",
    "assignees: { isEmpty: true }",
    "assignees: { includesViewer: true }",
    "subject: { eq: \"Invoice\" }",
    "subject: { neq: \"Invoice\" }",
    "subject: { in: [\"Invoice\", \"Delivery\"] }",
    "subject: { startsWith: \"in\" }",
    "subject: { contains: \"voice\" }",
    "subject: { isNull: true }",
    "tags: { hasAny: [\"vip\", \"x\"] }",
    "tags: { hasAll: [\"vip\", \"x\"] }",
    "tags: { hasNone: [\"vip\"] }",
    "tags: { isEmpty: true }",
    "messages: { exists: false }",
    "messages: { postedById: { eq: 5 } }",
    "messages: { postedById: { neq: 5 } }",
    "messages: { createdOn: { gt: \"2026-01-01T00:00:00Z\" } }",
    "messages: { exists: false, createdOn: { lt: \"2026-01-01T00:00:00Z\" } }",
    "reminder: { lt: \"2026-01-01T00:00:00Z\" }",
    "reminder: { isNull: false }",
    "createdOn: { gte: \"2026-01-01T00:00:00Z\" }",
    "updatedOn: { lte: \"2026-01-01T00:00:00Z\" }",
    "closedOn: { gt: \"2026-01-01T00:00:00Z\" }",
    "closedOn: { isNull: true }",
    "not: { status: { eq: OPEN } }",
    "not: { assignees: { any: [1] }, tags: { hasAny: [\"vip\"] } }",
    "or: [{ customerId: { eq: 5 } }, { assignees: { any: [1] } }, { messages: { postedById: { eq: 5 } } }]",
    "or: []",
    "and: [{ customerId: { eq: 5 } }, { not: { or: [{ priority: true }, { tags: { isEmpty: true } }] } }]",
];

/// Filters that are served by an index of their own, not by scanning the notes of the company until enough match.
/// `SQLite` reports which index it uses. `PostgreSQL` decides by statistics, for which two thousand notes are too few:
/// there [`flat`](crate::flat) counts the rows that it reads of a million.
pub const FOUND_BY: [(&str, &str); 14] = [
    ("id: { eq: 5 }", "(company_id=? AND id=?)"),
    ("customerId: { eq: 5 }", "note_customer_id_created_on_id"),
    ("userId: { eq: 5 }", "note_user_id_created_on_id"),
    ("typeId: { eq: 5 }", "note_type_id_created_on_id"),
    ("status: { eq: OPEN }", "note_status_created_on_id"),
    ("priority: true", "note_priority_created_on_id"),
    ("referenceType: { eq: ORDER }, referenceId: { eq: \"12345\" }", "note_reference_type_reference_id_created_on_id"),
    ("subject: { eq: \"Invoice\" }", "note_subject_nulls_last_id"),
    ("subject: { startsWith: \"in\" }", "note_subject_nulls_last_id"),
    ("createdOn: { gte: \"2026-01-01T00:00:00Z\" }", "note_created_on_id"),
    ("assignees: { any: [1] }", "assignment_user_id_note_id"),
    ("tags: { hasAny: [\"vip\"] }", "note_tag_tag_note_id"),
    ("messages: { postedById: { eq: 5 } }", "message_posted_by_id_note_id"),
    ("messages: { createdOn: { gt: \"2026-01-01T00:00:00Z\" } }", "message_created_on_note_id"),
];

const ORDERS: [&str; 20] = [
    "{ field: CREATED_ON, direction: ASC }",
    "{ field: CREATED_ON, direction: DESC }",
    "{ field: UPDATED_ON, direction: ASC }",
    "{ field: UPDATED_ON, direction: DESC }",
    "{ field: REMINDER }",
    "{ field: REMINDER, nulls: FIRST }",
    "{ field: REMINDER, direction: DESC }",
    "{ field: SUBJECT }",
    "{ field: SUBJECT, nulls: FIRST }",
    "{ field: SUBJECT, direction: DESC }",
    "{ field: STATUS }",
    "{ field: STATUS, direction: DESC }",
    "{ field: STATUS }, { field: CREATED_ON, direction: DESC }",
    "{ field: PRIORITY }",
    "{ field: PRIORITY, direction: DESC }",
    "{ field: PRIORITY, direction: DESC }, { field: CREATED_ON, direction: DESC }",
    // No index serves these orders, so they are sorted.
    "{ field: SHOW_ON_OVERVIEW, direction: DESC }",
    "{ field: CREATED_ON, direction: ASC }, { field: UPDATED_ON, direction: DESC }",
    "{ field: UPDATED_ON, direction: DESC }, { field: CREATED_ON, direction: DESC }",
    "{ field: REMINDER }, { field: SUBJECT, direction: DESC }, { field: STATUS }",
];
/// Number of orders, from the first, that an index serves.
const SERVED: usize = 16;

#[tokio::test]
async fn no_filter_and_no_order_scans_a_table() {
    let app = demo().await;
    let filters = FILTERS.map(|filter| {
        format!(
            "{{ notes(filter: {{ {filter} }}) {{ nodes {{ id }} totalCount }}
            users(first: 3) {{ nodes {{ createdNotes(filter: {{ {filter} }}) {{ nodes {{ id }} totalCount }} }} }} }}"
        )
    });
    let orders = ORDERS.map(|order| format!("{{ notes(orderBy: [{order}]) {{ nodes {{ id }} }} }}"));
    let last = ORDERS.map(|order| format!("{{ notes(last: 5, orderBy: [{order}]) {{ nodes {{ id }} }} }}"));
    for client in viewers(&app).await {
        assert_no_table_scans(&app, &client, &filters).await;
        assert_no_table_scans(&app, &client, &orders).await;
        assert_no_table_scans(&app, &client, &last).await;
    }
}

#[tokio::test]
async fn filters_find_notes_by_their_indexes() {
    let app = demo().await;
    if app.db().backend() == DatabaseBackend::Postgres {
        return;
    }
    for client in viewers(&app).await {
        for (filter, index) in FOUND_BY {
            let recording = app.record();
            client.query(&format!("{{ notes(filter: {{ {filter} }}) {{ nodes {{ id }} }} }}")).await.data();
            let plan = app.explain(&recording.of_operation()[0]).await;
            assert!(plan.contains(index), "{filter}: {plan}");
        }
        // With an order that the index of the filter does not have.
        for (filter, index) in [FOUND_BY[1], FOUND_BY[2], FOUND_BY[7]] {
            for order in &ORDERS[2..] {
                let recording = app.record();
                let list = format!("notes(filter: {{ {filter} }}, orderBy: [{order}])");
                client.query(&format!("{{ {list} {{ nodes {{ id }} }} }}")).await.data();
                let plan = app.explain(&recording.of_operation()[0]).await;
                let column = index.split("_created").next().unwrap();
                assert!(plan.contains(column), "{list}: {plan}");
            }
        }
    }
}

#[tokio::test]
async fn counts_scan_no_table() {
    let app = demo().await;
    let keys = ["STATUS", "TYPE", "REFERENCE_TYPE", "USER", "ASSIGNEE", "TAG", "PRIORITY"];
    let mut documents = Vec::new();
    for filter in ["", ", filter: { customerId: { eq: 5 } }", ", filter: { assignees: { any: [1] } }"] {
        documents.extend(keys.map(|key| format!("{{ noteCounts(groupBy: {key}{filter}) {{ key label count }} }}")));
    }
    for client in viewers(&app).await {
        assert_no_table_scans(&app, &client, &documents).await;
    }
}

#[tokio::test]
async fn no_list_and_no_relation_scans_a_table() {
    let app = demo().await;
    let nested = |parent: &str, field: &str| {
        format!(
            "{{ {parent}(first: 20) {{ nodes {{ {field}(first: 5) {{ nodes {{ id }} totalCount }}
            old: {field}(last: 5, orderBy: [{{ field: UPDATED_ON }}]) {{ nodes {{ id }} }} }} }} }}"
        )
    };
    let documents = [
        "{ viewer { user { fullName } company { name } } noteTypes { name } }".to_owned(),
        "{ notes { nodes { company { name } type { name } customer { fullName } user { fullName } updatedBy { fullName }
            assignees { user { fullName } assignedBy { fullName } } lastMessage { message }
            messages(first: 3) { nodes { message postedBy { fullName } note { subject } } } } totalCount } }"
            .to_owned(),
        "{ notes(page: 3, first: 10) { nodes { id } pageCount } }".to_owned(),
        "{ customers { nodes { id } totalCount } customer(id: 1) { id } }".to_owned(),
        "{ customers(last: 5) { nodes { id } } }".to_owned(),
        "{ users { nodes { id } totalCount } user(id: 1) { id } }".to_owned(),
        "{ users(status: ACTIVE, last: 5) { nodes { id } totalCount } }".to_owned(),
        "{ note(id: 1) { messages(last: 2, direction: DESC) { nodes { id } } } }".to_owned(),
        "{ node(id: \"NoteMessage:1\") { id } }".to_owned(),
        "{ node(id: \"NoteAssignee:1:2\") { id } }".to_owned(),
        "{ nodes(ids: [\"NoteAssignee:1:2\", \"NoteAssignee:2:1\"]) { id } }".to_owned(),
        "{ nodes(ids: [\"Note:1\", \"User:1\", \"Customer:1\", \"NoteType:1\", \"NoteMessage:2\"]) { id } }".to_owned(),
        "{ noteDeletePreview(ids: [1, 2, 3]) { totalCount items { recordId } } }".to_owned(),
        nested("customers", "notes"),
        nested("users", "createdNotes"),
        nested("users", "assignedNotes"),
    ];
    for client in viewers(&app).await {
        assert_no_table_scans(&app, &client, &documents).await;
    }
}

#[tokio::test]
async fn nested_lists_find_notes_through_their_parents() {
    let app = demo().await;
    if app.db().backend() == DatabaseBackend::Postgres {
        // PostgreSQL decides by statistics: for a few rows, scanning all of them may be the best plan.
        return;
    }
    for client in viewers(&app).await {
        for (parent, field) in [("customers", "notes"), ("users", "createdNotes"), ("users", "assignedNotes")] {
            let parts = [
                "first: 3",
                "last: 3",
                "first: 3, orderBy: [{ field: UPDATED_ON }]",
                "first: 3, page: 2",
                "first: 3, search: \"the\"",
                "first: 3, search: \"the\", orderBy: [{ field: RELEVANCE, direction: DESC }]",
            ];
            let orders = ORDERS[4..].iter().map(|order| format!("last: 3, orderBy: [{order}]"));
            for part in parts.map(str::to_owned).into_iter().chain(orders) {
                let recording = app.record();
                let document =
                    format!("{{ {parent} {{ nodes {{ {field}({part}) {{ nodes {{ id }} totalCount }} }} }} }}");
                client.query(&document).await.data();
                for statement in recording.of_operation() {
                    let mut explained = statement.clone();
                    explained.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
                    for row in app.db().read().query_all_raw(explained).await.unwrap() {
                        let step: String = row.try_get("", "detail").unwrap();
                        let walks = step.starts_with("SEARCH note ") && step.ends_with("(company_id=?)");
                        assert!(!walks, "{document}: {step}\n{statement}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn no_page_after_a_cursor_scans_a_table() {
    let app = demo().await;
    for client in viewers(&app).await {
        for order in ORDERS {
            let page = "nodes { id } pageInfo { endCursor }";
            let first = client.query(&format!("{{ notes(first: 50, orderBy: [{order}]) {{ {page} }} }}")).await;
            let cursor = &first["notes"]["pageInfo"]["endCursor"];
            let documents = ["first: 5, after", "last: 5, before"].map(|part| {
                format!(
                    "{{ notes({part}: {cursor}, orderBy: [{order}]) {{ {page} }}
                    customers(first: 9) {{ nodes {{ notes({part}: {cursor}, orderBy: [{order}]) {{ {page} }} }} }} }}"
                )
            });
            assert_no_table_scans(&app, &client, &documents).await;
        }
    }
}

#[tokio::test]
async fn no_mutation_scans_a_table() {
    let app = demo().await;
    let admin = demo_client(&app, &[Scope::Admin]).await;
    for (round, client) in viewers(&app).await.into_iter().chain([admin.clone()]).enumerate() {
        let made = client.query("mutation { noteCreate(input: { subject: \"x\" }) { note { databaseId } } }").await;
        let id = made["noteCreate"]["note"]["databaseId"].as_str().unwrap().to_owned();
        let changes = [
            "mutation { noteCreate(input: { customerId: 1, typeId: 1, assigneeIds: [1, 2] }) { note { id } userErrors { code } } }".to_owned(),
            format!("mutation {{ noteAssign(input: {{ id: {id}, userIds: [1, 2] }}) {{ note {{ id }} userErrors {{ code }} }} }}"),
            format!("mutation {{ notePatch(input: {{ id: {id}, patch: {{ subject: \"y\", customerId: 2 }} }}) {{ note {{ id }} userErrors {{ code }} }} }}"),
            format!("mutation {{ noteMessagePost(input: {{ noteId: {id}, message: \"y\" }}) {{ note {{ id }} userErrors {{ code }} }} }}"),
            format!("mutation {{ noteUnassign(input: {{ id: {id}, userIds: [2] }}) {{ note {{ id }} userErrors {{ code }} }} }}"),
            format!("mutation {{ notesPatch(input: {{ ids: [{id}, 1, 2, 3], patch: {{ addTags: [\"y\"], confidential: true, typeId: 2 }}, errorPolicy: SKIP_FAILED }}) {{ changedCount userErrors {{ code }} }} }}"),
            format!("mutation {{ notesAssign(input: {{ ids: [{id}, 1, 2, 3], userIds: [2, 3], errorPolicy: SKIP_FAILED }}) {{ changedCount userErrors {{ code }} }} }}"),
            format!("mutation {{ notesUnassign(input: {{ ids: [{id}, 1, 2, 3], userIds: [2, 3], errorPolicy: SKIP_FAILED }}) {{ changedCount userErrors {{ code }} }} }}"),
            format!("mutation {{ noteDelete(input: {{ id: {id} }}) {{ deletedNoteId userErrors {{ code }} }} }}"),
            format!("mutation {{ notesDelete(input: {{ ids: {:?}, errorPolicy: SKIP_FAILED }}) {{ deletedNoteIds userErrors {{ code }} }} }}", [10, 11, 12, 13, 14].map(|id| id + 5 * round)),
        ];
        for change in &changes {
            let recording = app.record();
            let response = client.query(change).await;
            let payload = response.data().as_object().unwrap().values().next().unwrap();
            assert_eq!(payload["userErrors"], json!([]), "{change}");
            assert!(recording.count() >= 2, "{change}");
            app.assert_no_table_scans(&recording.statements()).await;
        }
    }
    for change in [
        "mutation { noteTypeCreate(name: \"Unheard of\") { userErrors { code } } }",
        "mutation { noteTypeRename(id: 1, name: \"Heard of\") { userErrors { code } } }",
        "mutation { noteTypeDelete(id: 1) { userErrors { code } } }",
        "mutation { customersUpsert(input: [{ id: 1, externalKey: \"1\", flag: \"x\" }, { externalKey: \"2\", firstName: \"x\" }, { id: 3, externalKey: \"3\", flag: \"y\" }]) { userErrors { code } } }",
        "mutation { usersUpsert(input: [{ id: 2, externalKey: \"1\", username: \"x\" }, { externalKey: \"2\", username: \"y\" }, { id: 3, externalKey: \"3\", role: \"y\" }]) { userErrors { code } } }",
    ] {
        let recording = app.record();
        admin.query(change).await.data();
        assert!(recording.count() > 1, "{change}");
        app.assert_no_table_scans(&recording.statements()).await;
    }
}

#[tokio::test]
async fn the_plain_lists_come_from_an_index_without_a_sort() {
    let app = demo().await;
    let mut documents = Vec::new();
    for filter in ["", "customerId: { eq: 5 }", "userId: { eq: 5 }", "typeId: { eq: 5 }", "status: { eq: OPEN }"] {
        let filter = if filter.is_empty() { String::new() } else { format!(", filter: {{ {filter} }}") };
        documents.push(format!("{{ notes(first: 20{filter}) {{ nodes {{ id }} }} }}"));
        // The notes of a person are sorted by the time of their update: nobody has a million.
        let is_sorted = ["customerId", "userId"].iter().any(|few| filter.contains(few));
        for order in &ORDERS[..if is_sorted { 2 } else { 4 }] {
            for part in ["first: 20", "last: 20", "first: 20, page: 3"] {
                documents.push(format!("{{ notes({part}{filter}, orderBy: [{order}]) {{ nodes {{ id }} }} }}"));
            }
        }
    }
    for order in &ORDERS[4..SERVED] {
        for part in ["first: 20", "last: 20", "first: 20, page: 3"] {
            documents.push(format!("{{ notes({part}, orderBy: [{order}]) {{ nodes {{ id }} }} }}"));
        }
    }
    for list in ["customers", "users", "users(status: ACTIVE)", "users(last: 9)"] {
        documents.push(format!("{{ {list} {{ nodes {{ id }} }} }}"));
    }
    for client in viewers(&app).await {
        assert_no_sorts(&app, &client, &documents).await;
        for order in &ORDERS[..SERVED] {
            let first = format!("{{ notes(first: 50, orderBy: [{order}]) {{ pageInfo {{ endCursor }} }} }}");
            let cursor = client.query(&first).await["notes"]["pageInfo"]["endCursor"].clone();
            let filters = ["", ", filter: { customerId: { eq: 5 } }", ", filter: { status: { eq: OPEN } }"];
            // The indexes by customer and by status are ordered by the time of creation only, but open notes are found
            // in the order of their updates.
            let [created, updated] = [&ORDERS[..2], &ORDERS[2..4]].map(|orders| orders.contains(order));
            let is_served = |filter: &str| filter.is_empty() || created || updated && filter.contains("status");
            for filter in filters.into_iter().filter(|filter| is_served(filter)) {
                let pages = ["first: 5, after", "last: 5, before"].map(|part| {
                    format!("{{ notes({part}: {cursor}, orderBy: [{order}]{filter}) {{ nodes {{ id }} }} }}")
                });
                assert_no_sorts(&app, &client, &pages).await;
            }
        }
    }
}
