//! Loading: the number of statements of an operation depends on its shape alone.

mod at_once;

use std::collections::HashSet;

use notegraph::auth::{NewToken, create_token};
use notegraph::ids::{MessageId, NoteId};
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::{assignment, message, note};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseBackend, EntityTrait, IntoActiveModel, Statement};
use serde_json::{Value, json};

use testkit::{App, Client, Company};

/// Number of repetitions, because a race may go well a few times.
const TIMES: usize = 5;

struct Seeded {
    app: App,
    acme: Company,
    client: Client,
    notes: Vec<note::Model>,
}

/// Creates notes, each with a customer, an author, a type, three assignees and three messages, with as many different
/// people as there are notes.
async fn seeded(count: usize) -> Seeded {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = acme.user("viewer").await.token(&[Scope::Read, Scope::Write]).await;
    let (mut users, mut customers, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..count {
        users.push(acme.user(&format!("user {index}")).await.id);
        customers.push(acme.customer("Cara").await.id);
        types.push(acme.note_type(&format!("Type {index}")).await.id);
    }
    let template = acme.note(|_| {}).await;
    let mut notes = vec![template.clone()];
    let transaction = app.db().begin().await.unwrap();
    for index in 0..count {
        let mut note = template.clone();
        note.id = NoteId(note.id.0 + 1 + i64::try_from(index).unwrap());
        note.customer_id = Some(customers[index]);
        note.type_id = Some(types[index]);
        note.user_id = Some(users[index]);
        note.updated_by_id = Some(users[(index + 1) % count]);
        note.message_count = 3;
        note.clone().into_active_model().reset_all().insert(&transaction).await.unwrap();
        for position in 1..=3 {
            let user = users[(index + 7 * usize::try_from(position).unwrap()) % count];
            let row = assignment::Model {
                company_id: note.company_id,
                note_id: note.id,
                user_id: user,
                position,
                created_on: note.created_on,
                assigned_by_id: Some(users[0]),
                source: None,
            };
            assignment::Entity::insert(row.into_active_model().reset_all()).exec(&transaction).await.unwrap();
            let row = message::Model {
                company_id: note.company_id,
                id: message_id(note.id, position),
                note_id: note.id,
                position,
                message: format!("Message {position}"),
                attachment_url: None,
                attachment_filename: None,
                attachment_content_type: None,
                attachment_size: None,
                posted_by_id: Some(user),
                created_on: note.created_on,
                from_import: false,
                source: None,
            };
            message::Entity::insert(row.into_active_model().reset_all()).exec(&transaction).await.unwrap();
        }
        notes.push(note);
    }
    transaction.commit().await.unwrap();
    Seeded { app, acme, client, notes }
}

/// An id far from those that messages get by default.
fn message_id(note: NoteId, position: i32) -> MessageId {
    MessageId(note.0 * 10_000 + i64::from(position))
}

/// A client of the demo's administrator, with a new token of these scopes.
pub async fn demo_client(app: &App, scopes: &[Scope]) -> Client {
    let user = notegraph::demo::administrator(app.db()).await.unwrap();
    let new = NewToken {
        company_id: user.company_id,
        user_id: user.id,
        name: "test".to_owned(),
        scopes: scopes.to_vec(),
        expires_on: None,
    };
    let transaction = app.db().begin().await.unwrap();
    let (_, secret) = create_token(&transaction, app.clock(), new).await.unwrap();
    transaction.commit().await.unwrap();
    Client::new(app, Some(secret.reveal().to_owned()))
}

async fn statements(app: &App, client: &Client, document: &str, variables: Value) -> Vec<Statement> {
    let recording = app.record();
    client.query_with(document, variables).await.data();
    recording.of_operation()
}

/// Runs a document several times for each page size, and asserts its number of statements.
async fn assert_count(seeded: &Seeded, document: &str, expected: usize) {
    for size in [1, 20, 100] {
        for _ in 0..TIMES {
            let ran = statements(&seeded.app, &seeded.client, document, json!({ "first": size })).await;
            let sql: Vec<&String> = ran.iter().map(|statement| &statement.sql).collect();
            assert_eq!(sql.len(), expected, "{size} of {document}: {sql:#?}");
        }
    }
}

const LIST: &str = "query($first: Int) { notes(first: $first) { nodes {
    subject customer { fullName } user { fullName }
    assignees { createdOn user { fullName } }
    messages { nodes { message postedBy { fullName } } } } } }";

const EVERYTHING: &str = "query($first: Int) { notes(first: $first) { nodes {
    subject company { name } type { name } customer { fullName } user { fullName } updatedBy { fullName }
    assignees { createdOn user { fullName } assignedBy { fullName } }
    messages(first: 2) { nodes { message postedBy { fullName } } }
    lastMessage { message postedBy { fullName } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn the_list_query_runs_five_statements_for_any_number_of_notes() {
    // notes, customers, assignments, messages, then all users together, whichever fields lead to them
    assert_count(&seeded(100).await, LIST, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_query_with_all_relations_runs_seven_statements() {
    // as above, plus the company and the types
    assert_count(&seeded(100).await, EVERYTHING, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_notes_under_a_hundred_customers_take_one_statement_for_each_relation() {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), 1_500, &|_| {}).await.unwrap();
    let client = demo_client(&app, &[Scope::Admin]).await;
    let document = "query($first: Int) { customers(first: $first) { nodes { notes(first: 100) { nodes {
        user { fullName } assignees { user { fullName } }
        messages(first: 10) { nodes { postedBy { fullName } } } } } } } }";
    for size in [1, 20, 100] {
        let ran = statements(&app, &client, document, json!({ "first": size })).await;
        assert_eq!(ran.len(), 5, "{size}: {ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_lists_are_one_statement_each_for_any_number_of_parents() {
    let seeded = seeded(100).await;
    for (document, expected) in [
        ("query($first: Int) { customers(first: $first) { nodes { notes(first: 3) { nodes { id } } } } }", 2),
        ("query($first: Int) { customers(first: $first) { nodes { notes { nodes { id } totalCount } } } }", 3),
        (
            "query($first: Int) { users(first: $first) { nodes {
                createdNotes { nodes { id } } assignedNotes { nodes { id } } } } }",
            3,
        ),
        (
            "query($first: Int) { users(first: $first) { nodes {
                createdNotes(page: 1) { nodes { id } totalCount pageCount } assignedNotes { totalCount } } } }",
            5,
        ),
        (
            "query($first: Int) { customers(first: $first) { nodes { notes { nodes { customer { notes(first: 2) { nodes {
                id } } } } } } } }",
            4,
        ),
    ] {
        assert_count(&seeded, document, expected).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_with_other_arguments_is_one_more_statement() {
    let seeded = seeded(100).await;
    let document = |lists: &str| format!("query($first: Int) {{ customers(first: $first) {{ nodes {{ {lists} }} }} }}");
    let (one, two, three) = (
        "a: notes(first: 2) { nodes { id } }",
        "b: notes(first: 3) { nodes { id } }",
        "c: notes(filter: { status: { eq: OPEN } }) { nodes { id } }",
    );
    assert_count(&seeded, &document(one), 2).await;
    assert_count(&seeded, &document(&format!("{one} {two}")), 3).await;
    assert_count(&seeded, &document(&format!("{one} {two} {three}")), 4).await;
    let again = "d: notes(first: 2) { nodes { subject } }";
    assert_count(&seeded, &document(&format!("{one} {two} {three} {again}")), 4).await;
}

#[tokio::test]
async fn nodes_of_many_types_are_one_statement_per_type() {
    let seeded = seeded(30).await;
    let (acme, notes) = (&seeded.acme, &seeded.notes);
    let mut ids = vec![json!(format!("Company:{}", acme.id)), json!("Note:999999"), json!("User:999999")];
    for note in &notes[1..] {
        ids.push(json!(format!("Note:{}", note.id)));
        ids.push(json!(format!("User:{}", note.user_id.unwrap())));
        ids.push(json!(format!("NoteMessage:{}", message_id(note.id, 1))));
    }
    for note in &notes[1..4] {
        ids.push(json!(format!("Customer:{}", note.customer_id.unwrap())));
        ids.push(json!(format!("NoteType:{}", note.type_id.unwrap())));
    }
    let document = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let recording = seeded.app.record();
    let response = seeded.client.query_with(document, json!({ "ids": ids })).await;
    for (asked, found) in ids.iter().zip(response["nodes"].as_array().unwrap()) {
        let gone = asked.as_str().unwrap().ends_with("999999");
        assert_eq!(found["id"], if gone { Value::Null } else { asked.clone() });
    }
    assert_eq!(recording.count(), 6, "{:#?}", recording.sql());
}

#[tokio::test]
async fn a_page_of_messages_reads_no_more_rows_than_it_shows() {
    let seeded = seeded(20).await;
    // 80 more messages make a whole number per note: PostgreSQL reports the average over the 20 notes.
    for note in seeded.notes.iter().take(4) {
        for _ in 0..20 {
            seeded.acme.message(note.id, |_| {}).await;
        }
    }
    for arguments in ["first: 2", "last: 2", "first: 2, direction: DESC", "first: 100"] {
        let document = format!("{{ notes {{ nodes {{ messages({arguments}) {{ nodes {{ id }} }} }} }} }}");
        let recording = seeded.app.record();
        let response = seeded.client.query(&document).await;
        let nodes = response["notes"]["nodes"].as_array().unwrap();
        let shown: usize = nodes.iter().map(|note| note["messages"]["nodes"].as_array().unwrap().len()).sum();
        let ran = recording.of_operation();
        assert_eq!(ran.len(), 2);
        let rows = seeded.app.db().read().query_all_raw(ran[1].clone()).await.unwrap().len();
        assert_eq!(rows, shown, "{arguments}");
        if seeded.app.db().backend() == DatabaseBackend::Postgres {
            assert_eq!(rows_touched(&seeded.app, &ran[1], "message").await, shown, "{arguments}");
        }
    }
}

/// Number of rows of a table that `PostgreSQL` visits in a statement, including rows that it filters out.
async fn rows_touched(app: &App, statement: &Statement, table: &str) -> usize {
    let mut statement = statement.clone();
    statement.sql.insert_str(0, "EXPLAIN (ANALYZE, FORMAT JSON) ");
    let transaction = app.db().begin().await.unwrap();
    transaction.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
    let rows = transaction.query_all_raw(statement).await.unwrap();
    transaction.rollback().await.unwrap();
    let tree: Value = rows[0].try_get_by_index(0).unwrap();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
    let rows = touched(&tree[0]["Plan"], table).round() as usize;
    rows
}

/// The same for one node of a plan and the nodes below it.
fn touched(node: &Value, table: &str) -> f64 {
    let number = |key: &str| node[key].as_f64().unwrap_or(0.0);
    let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
    let own =
        if node["Relation Name"] == table { (number("Actual Rows") + removed) * number("Actual Loops") } else { 0.0 };
    own + node["Plans"].as_array().into_iter().flatten().map(|child| touched(child, table)).sum::<f64>()
}

/// A statement that is prepared for ten keys also serves a hundred.
#[tokio::test]
async fn a_statement_reads_the_same_for_ten_keys_and_for_a_hundred() {
    let seeded = seeded(100).await;
    for document in [
        LIST,
        EVERYTHING,
        "query($first: Int) { customers(first: $first) { nodes { notes { nodes { id } totalCount } } } }",
        "query($first: Int) { users(first: $first) { nodes { createdNotes { totalCount } assignedNotes { nodes { id } } } } }",
    ] {
        let mut texts = Vec::new();
        for size in [10, 100] {
            let ran = statements(&seeded.app, &seeded.client, document, json!({ "first": size })).await;
            let mut sql: Vec<String> = ran.into_iter().map(|statement| statement.sql).collect();
            sql.sort();
            texts.push(sql);
        }
        assert_eq!(texts[0], texts[1]);
    }
}

/// Up to eight keys are separate parameters, padded to 1, 2, 4 or 8, so that not every number of keys needs its own
/// statement.
#[tokio::test]
async fn a_loader_has_at_most_five_statement_shapes() {
    let seeded = seeded(20).await;
    let document = "query($first: Int) { notes(first: $first) { nodes { customer { fullName } } } }";
    let mut texts = HashSet::new();
    for size in 1..=20 {
        let ran = statements(&seeded.app, &seeded.client, document, json!({ "first": size })).await;
        assert_eq!(ran.len(), 2);
        texts.insert(ran[1].sql.clone());
        assert_eq!(texts.len(), [1, 2, 3, 3, 4, 4, 4, 4].get(size - 1).copied().unwrap_or(5), "{size}: {texts:#?}");
    }
}

#[tokio::test]
async fn a_repeated_query_shows_an_earlier_mutation() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let (ann, ben, cara) = (acme.user("ann").await, acme.user("ben").await, acme.customer("Cara").await);
    let note = acme.note(|note| note.user_id = Some(ann.id)).await;
    acme.assign(note.id, ann.id).await;
    acme.message(note.id, |_| {}).await;
    let document = "mutation($note: ID!, $ben: ID!, $ann: ID!, $cara: ID!) {
        a: notePatch(input: { id: $note, patch: { subject: \"One\" } }) { note { ...all } }
        b: noteAssign(input: { id: $note, userIds: [$ben] }) { note { ...all } }
        c: noteMessagePost(input: { noteId: $note, message: \"New\" }) { note { ...all } message { note { subject messageCount } } }
        d: noteUnassign(input: { id: $note, userIds: [$ann] }) { note { ...all } }
        e: notePatch(input: { id: $note, patch: { customerId: $cara, subject: \"Two\" } }) { note { ...all } }
        f: noteDelete(input: { id: $note }) { report { totalCount } }
        g: noteMessagePost(input: { noteId: $note, message: \"Late\" }) { note { id } userErrors { code } }
      } fragment all on Note { subject version messageCount
        customer { fullName notes { totalCount nodes { subject } } }
        assignees { user { username assignedNotes { totalCount nodes { subject } } } }
        messages { nodes { message note { subject } } totalCount } lastMessage { message } }";
    let client = ann.token(&[Scope::Read, Scope::Write]).await;
    let variables = json!({ "note": note.id.to_string(), "ben": ben.id.to_string(), "ann": ann.id.to_string(), "cara": cara.id.to_string() });
    let response = client.query_with(document, variables).await;
    let user = |name: &str, subject: &str| json!({ "user": { "username": name, "assignedNotes": { "totalCount": 1, "nodes": [{ "subject": subject }] } } });
    let after = |change: &str| response.data()[change]["note"].clone();
    for (change, subject, version, assignees, last, messages) in [
        ("a", "One", 2, vec![user("ann", "One")], "Message 1", 1),
        ("b", "One", 3, vec![user("ann", "One"), user("ben", "One")], "Message 1", 1),
        ("c", "One", 3, vec![user("ann", "One"), user("ben", "One")], "New", 2),
        ("d", "One", 4, vec![user("ben", "One")], "New", 2),
        ("e", "Two", 5, vec![user("ben", "Two")], "New", 2),
    ] {
        let note = after(change);
        assert_eq!(note["subject"], json!(subject), "{change}");
        assert_eq!(note["version"], json!(version), "{change}");
        assert_eq!(note["assignees"], json!(assignees), "{change}");
        assert_eq!(note["lastMessage"]["message"], json!(last), "{change}");
        assert_eq!(note["messageCount"], json!(messages), "{change}");
        assert_eq!(note["messages"]["nodes"].as_array().unwrap().len(), messages, "{change}");
        assert_eq!(note["messages"]["nodes"][0]["note"]["subject"], json!(subject), "{change}");
    }
    assert_eq!(after("a")["customer"], Value::Null);
    let cara = json!({ "fullName": "Cara", "notes": { "totalCount": 1, "nodes": [{ "subject": "Two" }] } });
    assert_eq!(after("e")["customer"], cara);
    assert_eq!(response["c"]["message"]["note"], json!({ "subject": "One", "messageCount": 2 }));
    assert_eq!(response["f"]["report"]["totalCount"], json!(6), "note, two messages, customer, ann and ben");
    assert_eq!(response["g"], json!({ "note": null, "userErrors": [{ "code": "NOT_FOUND" }] }));
}
