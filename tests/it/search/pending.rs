//! Mutations leave the words of their notes to the gatherer; searches find the same before and after it ran.

use notegraph::graphql::ListLimits;
use notegraph::ids::{CompanyId, NoteId};
use notegraph::store::db::{Db, full_text};
use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::{search, text};
use testkit::{App, Client, Engine, Random, assert_search_index_is_current};

const CREATE: &str =
    "mutation($input: NoteCreateInput!) { noteCreate(input: $input) { note { id } userErrors { code } } }";
const PATCH: &str = "mutation($input: NotePatchInput!) { notePatch(input: $input) { userErrors { code } } }";
const POST: &str = "mutation($input: NoteMessagePostInput!) { noteMessagePost(input: $input) { userErrors { code } } }";
const ASSIGN: &str = "mutation($input: NoteAssignInput!) { noteAssign(input: $input) { userErrors { code } } }";
const DELETE: &str = "mutation($input: NoteDeleteInput!) { noteDelete(input: $input) { userErrors { code } } }";

async fn ann(app: &App) -> Client {
    let user = app.company("Acme").await.user("ann").await;
    user.token(&[Scope::Read, Scope::Write]).await
}

/// The id of a new note.
async fn created(client: &Client, subject: &str) -> String {
    let made = client.query_with(CREATE, json!({ "input": { "subject": subject } })).await;
    made["noteCreate"]["note"]["id"].as_str().unwrap().to_owned()
}

/// The notes that wait, each with the position from which its messages are gathered.
async fn waiting(db: &Db) -> Vec<(NoteId, i32)> {
    let sql = "SELECT note_id, pending_from FROM search_note WHERE pending_from IS NOT NULL ORDER BY 1";
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
}

/// The statements of a mutation that mention the search index.
async fn of_index(app: &App, client: &Client, mutation: &str, input: Value) -> Vec<Statement> {
    let recording = app.record();
    let answer = client.query_with(mutation, json!({ "input": input })).await;
    let payload = answer.data().as_object().unwrap().values().next().unwrap();
    assert_eq!(payload["userErrors"], json!([]), "{mutation}");
    recording.of_operation().into_iter().filter(|statement| statement.sql.contains("search_")).collect()
}

#[tokio::test]
async fn a_change_without_texts_leaves_the_index_alone() {
    let app = App::start().await;
    let client = ann(&app).await;
    let id = created(&client, "words").await;
    for patch in [
        json!({ "status": "CLOSED" }),
        json!({ "priority": true, "tags": ["words"] }),
        json!({ "reminder": "2026-03-02T09:00:00Z", "showOnOverview": true }),
        json!({ "subject": "words", "status": "OPEN" }),
    ] {
        let statements = of_index(&app, &client, PATCH, json!({ "id": id, "patch": patch })).await;
        assert_eq!(statements.len(), 0, "{patch}: {statements:#?}");
    }
    let statements = of_index(&app, &client, ASSIGN, json!({ "id": id, "userIds": ["1"] })).await;
    assert_eq!(statements.len(), 0, "{statements:#?}");
    assert_ne!(of_index(&app, &client, PATCH, json!({ "id": id, "patch": { "details": "more" } })).await.len(), 0);
}

/// A change of a text sends the same statements, of the same size, however long the thread is, and reads no part.
#[tokio::test]
async fn the_cost_of_a_change_does_not_grow_with_the_thread() {
    let app = App::start().await;
    let client = ann(&app).await;
    let (short, long) = (created(&client, "short").await, created(&client, "long").await);
    for message in 0..200 {
        let input = json!({ "noteId": long, "message": format!("word{message} and word{}", message + 1) });
        client.query_with(POST, json!({ "input": input })).await.data();
    }
    app.gather_words().await;
    for (mutation, input) in [
        (POST, json!({ "message": "a new message" })),
        (POST, json!({ "message": "another one" })),
        (PATCH, json!({ "patch": { "subject": "Another" } })),
        (PATCH, json!({ "patch": { "details": "Other details" } })),
    ] {
        let mut costs = Vec::new();
        for id in [&short, &long] {
            let mut input = input.clone();
            input[if mutation == POST { "noteId" } else { "id" }] = json!(id);
            let statements = of_index(&app, &client, mutation, input).await;
            for statement in &statements {
                assert!(!statement.sql.contains("FROM search_part"), "{}", statement.sql);
            }
            costs.push(statements.into_iter().map(|statement| statement.sql).collect::<Vec<_>>());
        }
        assert!(!costs[0].is_empty(), "{input}");
        assert_eq!(costs[0], costs[1], "{input}");
    }
    assert_search_index_is_current(app.db()).await;
}

#[tokio::test]
async fn only_new_messages_are_gathered() {
    let app = App::start().await;
    let client = ann(&app).await;
    let ids = [created(&client, "one").await, created(&client, "two").await];
    let post = async |id: &str, message: &str| {
        client.query_with(POST, json!({ "input": { "noteId": id, "message": message } })).await.data();
    };
    post(&ids[0], "first").await;
    let notes: Vec<NoteId> = waiting(app.db()).await.into_iter().map(|(note, _)| note).collect();
    assert_eq!(waiting(app.db()).await, [(notes[0], 0), (notes[1], 0)]);
    app.gather_words().await;
    assert_eq!(waiting(app.db()).await, []);
    for message in ["second", " ?! ", "third"] {
        post(&ids[0], message).await;
    }
    post(&ids[1], " ... ").await;
    assert_eq!(waiting(app.db()).await, [(notes[0], 2)], "a message without words has nothing to gather");
    let subject = json!({ "id": ids[0], "patch": { "subject": null } });
    client.query_with(PATCH, json!({ "input": subject })).await.data();
    post(&ids[0], "fourth").await;
    assert_eq!(waiting(app.db()).await, [(notes[0], 0)]);
    assert_search_index_is_current(app.db()).await;
    let found =
        client.query("{ one: notes(search: \"one \") { totalCount } third: notes(search: \"third \") { totalCount } }");
    assert_eq!(found.await.data(), &json!({ "one": { "totalCount": 0 }, "third": { "totalCount": 1 } }));
}

/// The program gathers what a killed process left, also if that was interrupted in the middle of a transaction.
#[tokio::test]
async fn an_interrupted_gatherer_loses_nothing() {
    let app = App::start().await;
    let client = ann(&app).await;
    let id = created(&client, "words").await;
    app.gather_words().await;
    client.query_with(POST, json!({ "input": { "noteId": id, "message": "more of them" } })).await.data();
    let transaction = app.db().begin().await.unwrap();
    let locked = full_text::lock_pending(&transaction, (CompanyId(0), NoteId(0)), 10).await.unwrap();
    assert_eq!(locked.iter().map(|note| note.parts).collect::<Vec<_>>(), [1]);
    full_text::gather(&transaction, locked[0].company_id, &[locked[0].note_id]).await.unwrap();
    drop(transaction);
    assert_eq!(waiting(app.db()).await, [(locked[0].note_id, 1)]);
    for _ in 0..2 {
        app.gather_words().await;
        assert_eq!(waiting(app.db()).await, []);
    }
    assert_search_index_is_current(app.db()).await;
}

/// Several processes gather while notes change.
#[tokio::test]
async fn gatherers_and_changes_run_at_the_same_time() {
    let app = App::start().await;
    let client = ann(&app).await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(created(&client, &format!("note {number}")).await);
    }
    let changes = async |first: usize| {
        for number in 0..20 {
            let (id, words) = (&ids[(first + number) % ids.len()], format!("w{first} x{number}"));
            let (mutation, input) = if number % 4 == 0 {
                (PATCH, json!({ "id": id, "patch": { "subject": words } }))
            } else {
                (POST, json!({ "noteId": id, "message": words }))
            };
            client.query_with(mutation, json!({ "input": input })).await.data();
        }
    };
    let gathering = async || {
        for _ in 0..10 {
            app.gather_words().await;
        }
    };
    tokio::join!(changes(0), changes(3), gathering(), gathering());
    assert_search_index_is_current(app.db()).await;
}

/// Too many notes that wait would slow searches down.
#[tokio::test]
async fn a_change_writes_the_words_itself_if_too_many_notes_wait() {
    let app = App::start().await;
    let client = ann(&app).await;
    let waits = created(&client, "waits").await;
    let before = waiting(app.db()).await;
    app.context().pending_words.add(5_000);
    let id = created(&client, "written at once").await;
    for (id, message) in [(&id, "this as well"), (&waits, "but not this")] {
        client.query_with(POST, json!({ "input": { "noteId": id, "message": message } })).await.data();
    }
    client.query_with(PATCH, json!({ "input": { "id": id, "patch": { "details": "and this" } } })).await.data();
    assert_eq!(waiting(app.db()).await, before);
    app.gather_words().await;
    assert!(!app.context().pending_words.are_many());
    assert_search_index_is_current(app.db()).await;
}

/// A server, a client of it, and the ids of the notes that it has.
struct Side {
    app: App,
    client: Client,
}

impl Side {
    async fn start(limits: ListLimits) -> Self {
        let app = App::start_with(&Engine::of_this_run(), limits).await;
        let client = ann(&app).await;
        Self { app, client }
    }
}

/// Runs the same random changes on two servers, of which one gathers after some of them and the other never, and
/// compares what they find.
#[tokio::test]
async fn searches_find_the_same_before_and_after_the_words_are_gathered() {
    let find = "query($text: String!) { \
        notes(search: $text) { totalCount totalCountPrecision edges { searchHit { field snippet } node { id } } } \
        best: notes(search: $text, orderBy: [{ field: RELEVANCE, direction: DESC }], first: 5) { nodes { id } } \
        noteCounts(groupBy: STATUS, search: $text) { key count precision } }";
    for (seed, limits) in [(1, ListLimits::default()), (2, ListLimits { looked_at: 1, ..ListLimits::default() })] {
        let (gathers, waits) = (Side::start(limits).await, Side::start(limits).await);
        let mut random = Random(seed);
        let mut ids: Vec<String> = Vec::new();
        for step in 0..120 {
            let id = if ids.is_empty() { None } else { Some(random.pick(&ids).clone()) };
            let (mutation, input) = match (random.below(10), id) {
                (0..=2, _) | (_, None) => {
                    (CREATE, json!({ "subject": text(&mut random), "details": text(&mut random) }))
                }
                (3, Some(id)) => (PATCH, json!({ "id": id, "patch": { "subject": text(&mut random) } })),
                (4, Some(id)) => (PATCH, json!({ "id": id, "patch": { "details": null, "priority": true } })),
                (5, Some(id)) if ids.len() > 3 => {
                    ids.retain(|known| *known != id);
                    (DELETE, json!({ "id": id }))
                }
                (_, Some(id)) => (POST, json!({ "noteId": id, "message": format!("{}.", text(&mut random)) })),
            };
            let mut made = Vec::new();
            for side in [&gathers, &waits] {
                made.push(side.client.query_with(mutation, json!({ "input": input })).await.data().clone());
            }
            assert_eq!(made[0], made[1], "seed {seed}, step {step}");
            ids.extend(made[0]["noteCreate"]["note"]["id"].as_str().map(str::to_owned));
            if random.chance(30) {
                gathers.app.gather_words().await;
            }
            for _ in 0..3 {
                let (searched, _) = search(&mut random);
                if searched.trim().is_empty() {
                    continue;
                }
                let mut found = Vec::new();
                for side in [&gathers, &waits] {
                    found.push(side.client.query_with(find, json!({ "text": searched })).await.data().clone());
                }
                assert_eq!(found[0], found[1], "seed {seed}, step {step}: {searched:?}");
            }
        }
        assert!(!waiting(waits.app.db()).await.is_empty());
        waits.app.gather_words().await;
        for side in [gathers, waits] {
            assert_search_index_is_current(side.app.db()).await;
        }
    }
}
