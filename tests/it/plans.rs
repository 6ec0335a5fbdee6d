//! Plans: no list reads a whole table, and the lists that front ends show first are never sorted.

use notegraph::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::json;

use crate::loading::demo_client;
use crate::support::{App, Client};

async fn demo() -> App {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), 2_000, &|_| {}).await.unwrap();
    if app.db().backend() == DatabaseBackend::Postgres {
        // As its own housekeeping does after a while: without it the plans are guesses.
        app.db().schema_door().execute_unprepared("ANALYZE").await.unwrap();
    }
    app
}

/// One who sees all notes, and one who does not: the condition on what is seen is part of each plan.
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

const FILTERS: [&str; 26] = [
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
];

const ORDERS: [&str; 6] = [
    "{ field: CREATED_ON, direction: ASC }",
    "{ field: CREATED_ON, direction: DESC }",
    "{ field: UPDATED_ON, direction: ASC }",
    "{ field: UPDATED_ON, direction: DESC }",
    "{ field: CREATED_ON, direction: ASC }, { field: UPDATED_ON, direction: DESC }",
    "{ field: UPDATED_ON, direction: DESC }, { field: CREATED_ON, direction: DESC }",
];

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
        "{ nodes(ids: [\"Note:1\", \"User:1\", \"Customer:1\", \"NoteType:1\", \"NoteMessage:2\"]) { id } }".to_owned(),
        "{ noteDeletePreview(ids: [1, 2, 3]) { totalCount items { id } } }".to_owned(),
        nested("customers", "notes"),
        nested("users", "createdNotes"),
        nested("users", "assignedNotes"),
    ];
    for client in viewers(&app).await {
        assert_no_table_scans(&app, &client, &documents).await;
    }
}

#[tokio::test]
async fn nested_lists_find_notes_by_their_parents_and_not_by_walking_all() {
    let app = demo().await;
    if app.db().backend() == DatabaseBackend::Postgres {
        // It decides by figures: over a few rows walking all may be the best plan.
        return;
    }
    for client in viewers(&app).await {
        for (parent, field) in [("customers", "notes"), ("users", "createdNotes"), ("users", "assignedNotes")] {
            for part in ["first: 3", "last: 3", "first: 3, orderBy: [{ field: UPDATED_ON }]", "first: 3, page: 2"] {
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
async fn no_change_scans_a_table() {
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
            assert!(recording.count() > 2, "{change}");
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
        for order in &ORDERS[..4] {
            for part in ["first: 20", "last: 20", "first: 20, page: 3"] {
                documents.push(format!("{{ notes({part}{filter}, orderBy: [{order}]) {{ nodes {{ id }} }} }}"));
            }
        }
    }
    for list in ["customers", "users", "users(status: ACTIVE)", "users(last: 9)"] {
        documents.push(format!("{{ {list} {{ nodes {{ id }} }} }}"));
    }
    for client in viewers(&app).await {
        assert_no_sorts(&app, &client, &documents).await;
        for order in &ORDERS[..4] {
            let first = format!("{{ notes(first: 50, orderBy: [{order}]) {{ pageInfo {{ endCursor }} }} }}");
            let cursor = client.query(&first).await["notes"]["pageInfo"]["endCursor"].clone();
            for filter in ["", ", filter: { customerId: { eq: 5 } }", ", filter: { status: { eq: OPEN } }"] {
                let pages = ["first: 5, after", "last: 5, before"].map(|part| {
                    format!("{{ notes({part}: {cursor}, orderBy: [{order}]{filter}) {{ nodes {{ id }} }} }}")
                });
                assert_no_sorts(&app, &client, &pages).await;
            }
        }
    }
}
