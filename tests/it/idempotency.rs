//! `idempotencyKey` of `noteCreate` and `noteMessagePost`.

use std::future::pending;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use notegraph::http::{ConnectionLimits, ServerTimeouts};
use notegraph::ids::{CustomerId, NoteId};
use notegraph::store::entity::token::Scope;
use notegraph::store::entity::{idempotency_key, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use testkit::{Client, Contents};

use crate::fixture::Fixture;

const CREATE: &str = "mutation($input: NoteCreateInput!) { change: noteCreate(input: $input) {
    note { id subject assignees { userId } } noteEdge { cursor } userErrors { code path } } }";

const POST: &str = "mutation($input: NoteMessagePostInput!) { change: noteMessagePost(input: $input) {
    note { id messageCount } message { id message } messageEdge { cursor } userErrors { code path } } }";

/// The note with which a test starts.
const NOTE: NoteId = NoteId(1);

async fn start() -> Fixture {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.company.note(|_| {}).await.id, NOTE);
    fixture
}

impl Fixture {
    /// An input for each of the two mutations, with this key.
    fn keyed_inputs(&self, key: &str) -> [(&'static str, Value); 2] {
        let ann = self.users[0].id.to_string();
        [
            (CREATE, json!({ "subject": "x", "assigneeIds": [ann], "idempotencyKey": key })),
            (POST, json!({ "noteId": NOTE.to_string(), "message": "x", "idempotencyKey": key })),
        ]
    }

    async fn count_rows(&self, table: &str) -> usize {
        Contents::read(&self.app).await.count(table)
    }

    /// Makes all keys older by this duration.
    async fn age_keys(&self, by: TimeDelta) {
        let transaction = self.app.db().begin().await.unwrap();
        for row in idempotency_key::Entity::find().all(&transaction).await.unwrap() {
            idempotency_key::Entity::update_many()
                .col_expr(idempotency_key::Column::CreatedOn, sea_orm::sea_query::Expr::val(row.created_on - by))
                .filter(idempotency_key::Column::Key.eq(row.key))
                .exec(&transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }
}

async fn send(client: &Client, document: &str, input: Value) -> Value {
    client.query_with(document, json!({ "input": input })).await["change"].clone()
}

fn problem(code: &str) -> Value {
    json!([{ "code": code, "path": ["input", "idempotencyKey"] }])
}

#[tokio::test]
async fn a_repeated_mutation_returns_the_first_result() {
    let fixture = start().await;
    for (document, input) in fixture.keyed_inputs("k") {
        let first = fixture.change(document, input.clone()).await;
        assert_eq!(first["userErrors"], json!([]));
        let before = Contents::read(&fixture.app).await;
        assert_eq!(fixture.change(document, input.clone()).await, first);
        assert_eq!(Contents::read(&fixture.app).await, before);
        // Without the key it counts as another change.
        let mut without = input;
        without["idempotencyKey"] = Value::Null;
        assert_ne!(fixture.change(document, without).await, first);
    }
    assert_eq!((fixture.count_rows("note").await, fixture.count_rows("message").await), (3, 2));
}

#[tokio::test]
async fn equal_values_are_the_same_input_in_any_notation() {
    let fixture = start().await;
    let first = fixture.change(CREATE, json!({ "subject": "x", "tags": ["a"], "idempotencyKey": "k" })).await;
    let made = &first["note"]["id"];
    for document in [
        r#"mutation { change: noteCreate(input: { idempotencyKey: "k", tags: ["a"], subject: "x" }) { note { id } } }"#,
        r#"mutation { change: noteCreate(input: { subject: "x", tags: "a", idempotencyKey: "k", status: OPEN, details: null }) { note { id } } }"#,
        r#"mutation { change: noteCreate(input: { idempotencyKey: "k", tags: ["a"], subject: "x", status: null, priority: null, confidential: null, showOnOverview: null }) { note { id } } }"#,
        r#"mutation($t: [String!] = ["a"], $k: String = "k") { change: noteCreate(input: { tags: $t, idempotencyKey: $k, subject: "x", priority: false }) { note { id } } }"#,
    ] {
        assert_eq!(fixture.client.query(document).await["change"]["note"]["id"], *made, "{document}");
    }
    let body = r#"{ "variables": { "input": { "tags": ["a"], "idempotencyKey": "k", "subject": "x" } }, "query": "mutation($input: NoteCreateInput!) { change: noteCreate(input: $input) { note { id } } }" }"#;
    let request = axum::http::Request::post("/graphql")
        .header("authorization", format!("Bearer {}", fixture.client.token()))
        .header("content-type", "application/json");
    let answer = fixture.client.send(request.body(axum::body::Body::from(body)).unwrap()).await;
    assert_eq!(answer["change"]["note"]["id"], *made);
}

#[tokio::test]
async fn another_input_under_the_same_key_is_refused() {
    let fixture = start().await;
    for (document, input) in fixture.keyed_inputs("k") {
        fixture.change(document, input.clone()).await;
        let before = Contents::read(&fixture.app).await;
        let mut other = input;
        other[if document == CREATE { "details" } else { "message" }] = json!("another");
        let answer = fixture.change(document, other).await;
        assert_eq!((&answer["note"], &answer["userErrors"]), (&Value::Null, &problem("IDEMPOTENCY_KEY_REUSED")));
        assert_eq!(Contents::read(&fixture.app).await, before);
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_mutation_of_one_user() {
    let fixture = start().await;
    let other = fixture.app.company("Other").await;
    let bob = fixture.company.user("bob").await.token(&[Scope::Write]).await;
    let cid = other.user("cid").await.token(&[Scope::Write]).await;
    let input = json!({ "subject": "x", "idempotencyKey": "k" });
    let mut made = Vec::new();
    for client in [&fixture.client, &bob, &cid] {
        made.push(send(client, CREATE, input.clone()).await);
    }
    assert!(made[0] != made[1] && made[1] != made[2] && made[0] != made[2], "{made:?}");
    let (post, message) = fixture.keyed_inputs("k").into_iter().last().unwrap();
    assert_eq!(fixture.change(post, message).await["userErrors"], json!([]));
    // Another token of the same user shares the user's keys.
    let again = fixture.users[0].token(&[Scope::Admin]).await;
    assert_eq!(send(&again, CREATE, input).await["note"]["id"], made[0]["note"]["id"]);
}

#[tokio::test]
async fn a_refused_mutation_stores_no_key() {
    let fixture = start().await;
    let input = json!({ "customerId": "77", "idempotencyKey": "k" });
    let before = Contents::read(&fixture.app).await;
    assert_eq!(fixture.change(CREATE, input.clone()).await["userErrors"][0]["code"], "REFERENCE_NOT_FOUND");
    let message = json!({ "noteId": "77", "message": "x", "idempotencyKey": "k" });
    assert_eq!(fixture.change(POST, message.clone()).await["userErrors"][0]["code"], "NOT_FOUND");
    assert_eq!(Contents::read(&fixture.app).await, before);
    fixture.company.customer_with("Cara", |customer| customer.id = CustomerId(77)).await;
    fixture.company.note(|note| note.id = NoteId(77)).await;
    assert_eq!(fixture.change(CREATE, input).await["userErrors"], json!([]));
    assert_eq!(fixture.change(POST, message).await["userErrors"], json!([]));
}

/// A repeated request returns the first result, even if its input would be invalid by now.
#[tokio::test]
async fn the_first_result_survives_its_references_but_not_its_deletion() {
    let fixture = start().await;
    let kind = fixture.company.note_type("Call").await.id.to_string();
    let input = json!({ "typeId": kind, "idempotencyKey": "k" });
    let first = fixture.change(CREATE, input.clone()).await;
    let id = first["note"]["id"].as_str().unwrap().to_owned();
    let admin = fixture.users[0].token(&[Scope::Admin]).await;
    let clear = format!(
        r#"mutation {{ notePatch(input: {{ id: "{id}", patch: {{ typeId: null, subject: "now" }} }}) {{ userErrors {{ code }} }}
             noteTypeDelete(id: {kind}) {{ userErrors {{ code }} }} }}"#
    );
    admin.query(&clear).await.data();
    let again = fixture.change(CREATE, input.clone()).await;
    assert_eq!((&again["note"]["id"], &again["note"]["subject"]), (&json!(id), &json!("now")), "as it is now");
    admin.query(&format!(r#"mutation {{ noteDelete(input: {{ id: "{id}" }}) {{ deletedNoteId }} }}"#)).await.data();
    let before = Contents::read(&fixture.app).await;
    let answer = fixture.change(CREATE, input).await;
    assert_eq!((&answer["note"], &answer["userErrors"]), (&Value::Null, &problem("NOT_FOUND")));

    let (post, message) = fixture.keyed_inputs("m").into_iter().last().unwrap();
    assert_eq!(Contents::read(&fixture.app).await, before);
    fixture.change(post, message.clone()).await;
    admin.query(&format!("mutation {{ noteDelete(input: {{ id: {NOTE} }}) {{ deletedNoteId }} }}")).await.data();
    assert_eq!(fixture.change(post, message).await["userErrors"], problem("NOT_FOUND"));
}

#[tokio::test]
async fn the_length_of_a_key_is_bounded() {
    let fixture = start().await;
    for (document, mut input) in fixture.keyed_inputs("k") {
        let before = Contents::read(&fixture.app).await;
        for (key, code) in [(String::new(), "REQUIRED"), ("ü".repeat(256), "TOO_LONG"), ("a\0".to_owned(), "INVALID")]
        {
            input["idempotencyKey"] = json!(key);
            assert_eq!(fixture.change(document, input.clone()).await["userErrors"], problem(code), "{key:?}");
        }
        assert_eq!(Contents::read(&fixture.app).await, before);
        for key in ["ü".repeat(255), " ".to_owned()] {
            input["idempotencyKey"] = json!(key);
            let first = fixture.change(document, input.clone()).await;
            assert_eq!(first["userErrors"], json!([]));
            assert_eq!(fixture.change(document, input.clone()).await, first);
        }
    }
}

#[tokio::test]
async fn a_key_is_kept_for_a_day_and_removed_in_batches() {
    let fixture = start().await;
    let input = |key: &str| json!({ "subject": "x", "idempotencyKey": key });
    let first = fixture.change(CREATE, input("k")).await;
    // The test clock advances by one second with each reading.
    fixture.age_keys(TimeDelta::hours(24) - TimeDelta::minutes(1)).await;
    assert_eq!(fixture.change(CREATE, input("k")).await, first);
    fixture.age_keys(TimeDelta::minutes(1)).await;
    let second = fixture.change(CREATE, input("k")).await;
    assert_ne!(second["note"]["id"], first["note"]["id"]);
    assert_eq!(fixture.change(CREATE, input("k")).await, second);
    assert_eq!(fixture.count_rows("idempotency_key").await, 1);

    let other = fixture.app.company("Other").await;
    let cid = other.user("cid").await;
    for n in 0..250 {
        let (company_id, user_id) = if n < 10 { (other.id, cid.id) } else { (fixture.company.id, fixture.users[0].id) };
        let (operation, key) = ("noteCreate".to_owned(), format!("old{n}"));
        let created_on = fixture.app.clock().now() - TimeDelta::days(2);
        let (input_hash, made_id) = (vec![0], 1);
        let row = idempotency_key::Model { company_id, user_id, operation, key, input_hash, made_id, created_on };
        fixture.app.insert(row).await;
    }
    for (key, left) in [("a", 10 + 140 + 2), ("b", 10 + 40 + 3), ("c", 10 + 4), ("d", 10 + 5)] {
        fixture.change(CREATE, input(key)).await;
        assert_eq!(
            fixture.count_rows("idempotency_key").await,
            left,
            "a hundred at a time, and none of another company"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_concurrent_mutations_with_one_key_create_one_record() {
    let fixture = start().await;
    for (document, input) in fixture.keyed_inputs("k") {
        let answers = join_all((0..20).map(|_| {
            let (client, input) = (fixture.client.clone(), input.clone());
            tokio::spawn(async move { send(&client, document, input).await })
        }))
        .await;
        let result = fixture.change(document, input).await;
        let mut made = 0;
        for answer in answers.into_iter().map(Result::unwrap) {
            if answer["userErrors"] == json!([]) {
                assert_eq!(answer, result);
                made += 1;
            } else {
                assert_eq!(answer["userErrors"], problem("IDEMPOTENCY_IN_PROGRESS"));
            }
        }
        assert!(made > 0);
    }
    assert_eq!((fixture.count_rows("note").await, fixture.count_rows("message").await), (2, 1));
    assert_eq!((fixture.count_rows("event").await, fixture.count_rows("idempotency_key").await), (2, 2));
}

/// The client sends a change, and its connection breaks while the change is running.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_lost_connection_a_retry_returns_the_first_result() {
    let fixture = start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(notegraph::http::serve(
        listener,
        fixture.app.router(),
        pending(),
        ServerTimeouts::default(),
        ConnectionLimits::default(),
    ));
    for (table, (document, input)) in ["note", "message"].into_iter().zip(fixture.keyed_inputs("k")) {
        let count = fixture.count_rows(table).await;
        // Inserts that refer to the user wait until this transaction ends; on SQLite, all writes wait.
        let blocker = fixture.app.db().begin().await.unwrap();
        user::Entity::find()
            .filter(user::Column::Id.eq(fixture.users[0].id))
            .lock_exclusive()
            .one(&blocker)
            .await
            .unwrap();
        let recording = fixture.app.record();
        let body = json!({ "query": document, "variables": { "input": input } }).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            fixture.client.token(),
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        while recording.statements().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(stream);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(fixture.count_rows(table).await, count, "the change was made before the connection was cut");
        blocker.rollback().await.unwrap();

        // The client does not know the outcome, so it retries until it gets an answer.
        let mut answer = Value::Null;
        for _ in 0..1_000 {
            answer = fixture.change(document, input.clone()).await;
            if answer["userErrors"] != problem("IDEMPOTENCY_IN_PROGRESS") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(answer["userErrors"], json!([]), "{answer}");
        assert_eq!(fixture.change(document, input).await, answer);
        assert_eq!(fixture.count_rows(table).await, count + 1);
    }
    assert_eq!((fixture.count_rows("event").await, fixture.count_rows("idempotency_key").await), (2, 2));
}

/// A lost response is the reason for a retry, not a reason to do the work again.
#[tokio::test]
async fn a_retry_does_not_tokenize_its_texts() {
    let fixture = start().await;
    let text = (0..4_000).map(|number| format!("größe{number}")).collect::<Vec<_>>().join(" ");
    for (document, mut input) in fixture.keyed_inputs("k") {
        input[if document == CREATE { "details" } else { "message" }] = json!(text);
        let mut times = Vec::new();
        for _ in 0..2 {
            let body = json!({ "query": document, "variables": { "input": input } }).to_string();
            let request = axum::http::Request::post("/graphql")
                .header("authorization", format!("Bearer {}", fixture.client.token()))
                .header("content-type", "application/json")
                .header("x-graphql-cost", "1");
            let answer = fixture.client.send(request.body(axum::body::Body::from(body)).unwrap()).await;
            assert_eq!(answer["change"]["userErrors"], json!([]));
            times.push(answer.body["extensions"]["cost"]["actual"]["cpuMicroseconds"].as_u64().unwrap());
        }
        assert!(times[1] < times[0] / 2, "{times:?}");
    }
    assert_eq!((fixture.count_rows("note").await, fixture.count_rows("message").await), (2, 1));
}
