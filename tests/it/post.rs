//! `noteMessagePost`.

use futures_util::future::join_all;
use notegraph::ids::NoteId;
use notegraph::store::entity::event::{self, EventType};
use notegraph::store::entity::message;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use testkit::Contents;

use crate::fixture::Fixture;

const POST: &str = "mutation($input: NoteMessagePostInput!) { noteMessagePost(input: $input) {
    note { version updatedOn messageCount lastMessage { id } updatedBy { username } }
    message { id noteId message createdOn postedBy { username } attachment { url filename contentType size } }
    messageEdge { cursor node { id } }
    userErrors { code path params } } }";

/// The note with which a test starts.
const NOTE: NoteId = NoteId(1);

async fn start() -> Fixture {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.company.note(|_| {}).await.id, NOTE);
    fixture
}

impl Fixture {
    async fn post(&self, message: &str, attachment: Value) -> Value {
        let input = json!({ "noteId": NOTE.to_string(), "message": message, "attachment": attachment });
        self.client.query_with(POST, json!({ "input": input })).await["noteMessagePost"].clone()
    }

    /// The user errors of a message, which must not be posted.
    async fn post_errors(&self, message: &str, attachment: Value) -> Value {
        let answer = self.unchanged(self.post(message, attachment)).await;
        assert_eq!([&answer["note"], &answer["message"], &answer["messageEdge"]], [&Value::Null; 3]);
        answer["userErrors"].clone()
    }

    async fn positions(&self) -> Vec<i32> {
        let messages = message::Entity::find().order_by_asc(message::Column::Position);
        messages.all(self.app.db().read()).await.unwrap().into_iter().map(|message| message.position).collect()
    }
}

#[tokio::test]
async fn a_message_is_appended_to_the_thread() {
    let fixture = start().await;
    fixture.company.message(NOTE, |_| {}).await;
    let answer = fixture.post(" Hello\n", Value::Null).await;
    let message = &answer["message"];
    let expected = json!({ "id": message["id"], "noteId": format!("Note:{NOTE}"), "message": " Hello\n",
        "createdOn": message["createdOn"], "postedBy": { "username": "ann" }, "attachment": null });
    assert_eq!(*message, expected);
    assert_eq!(answer["userErrors"], json!([]));
    assert_eq!(fixture.positions().await, [1, 2]);
    let thread = fixture.client.query("{ note(id: 1) { messages { nodes { message } totalCount } } }").await;
    let thread = &thread["note"]["messages"];
    assert_eq!(*thread, json!({ "nodes": [{ "message": "Message 1" }, { "message": " Hello\n" }], "totalCount": 2 }));
}

#[tokio::test]
async fn a_message_changes_the_time_of_its_note_but_not_the_version() {
    let fixture = start().await;
    let before = fixture.client.query("{ note(id: 1) { updatedOn } }").await["note"]["updatedOn"].clone();
    let answer = fixture.post("Hello", Value::Null).await;
    let (note, message) = (&answer["note"], &answer["message"]);
    assert_ne!(note["updatedOn"], before);
    let expected = json!({ "version": 1, "updatedOn": message["createdOn"], "messageCount": 1,
        "lastMessage": { "id": message["id"] }, "updatedBy": null });
    assert_eq!(*note, expected);
    // An open form with the previous version can still be saved.
    let patch = r#"mutation { notePatch(input: { id: 1, patch: { subject: "x" }, expectedVersion: 1 }) { userErrors { code } } }"#;
    assert_eq!(fixture.client.query(patch).await["notePatch"]["userErrors"], json!([]));
}

#[tokio::test]
async fn the_edge_belongs_to_the_thread() {
    let fixture = start().await;
    let first = fixture.post("first", Value::Null).await;
    let second = fixture.post("second", Value::Null).await;
    assert_eq!(first["messageEdge"]["node"]["id"], first["message"]["id"]);
    let page = "query($after: String!) { note(id: 1) { messages(after: $after) { edges { cursor node { id } } } } }";
    for (edge, follow) in [(&first["messageEdge"], json!([second["messageEdge"]])), (&second["messageEdge"], json!([]))]
    {
        let response = fixture.client.query_with(page, json!({ "after": edge["cursor"] })).await;
        assert_eq!(response["note"]["messages"]["edges"], follow);
    }
}

#[tokio::test]
async fn a_message_has_a_text_or_an_attachment() {
    let fixture = start().await;
    let required = json!([{ "code": "REQUIRED", "path": ["input", "message"], "params": null }]);
    for blank in ["", " ", "\n\t", "\u{a0}"] {
        assert_eq!(fixture.post_errors(blank, Value::Null).await, required, "{blank:?}");
        let answer = fixture.post(blank, json!({ "url": "https://example.com/a.png" })).await;
        assert_eq!(answer["message"]["message"], blank);
    }
}

#[tokio::test]
async fn an_attachment_is_stored() {
    let fixture = start().await;
    let whole = json!({ "url": "https://example.com/a.png", "filename": "photo.png", "contentType": "image/png" });
    let answer = fixture.post("See", whole).await;
    let expected = json!({ "url": "https://example.com/a.png", "filename": "photo.png", "contentType": "image/png", "size": null });
    assert_eq!(answer["message"]["attachment"], expected);
    // Without a name, the filename is the last part of the path, or the whole address if there is none.
    for (url, filename) in [
        ("https://example.com/dir/b.pdf?x=1#y", "b.pdf"),
        ("http://example.com/dir/", "http://example.com/dir/"),
        ("https://example.com", "https://example.com"),
    ] {
        let answer = fixture.post("See", json!({ "url": url })).await;
        assert_eq!(answer["message"]["attachment"]["url"], url, "as it was sent");
        assert_eq!(answer["message"]["attachment"]["filename"], filename);
    }
}

#[tokio::test]
async fn a_script_url_is_refused_first() {
    let fixture = start().await;
    let before = Contents::read(&fixture.app).await;
    for url in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "a.png",
        "//a/b",
        "",
        "https://",
    ] {
        let input = json!({ "noteId": "1", "message": "x", "attachment": { "url": url } });
        let response = fixture.client.query_with(POST, json!({ "input": input })).await;
        assert_eq!(response.codes(), ["GRAPHQL_VALIDATION_FAILED"], "{url}: {:#}", response.body);
        let literal = format!(
            r#"mutation {{ noteMessagePost(input: {{ noteId: 1, message: "x", attachment: {{ url: "{url}" }} }}) {{ note {{ id }} }} }}"#
        );
        assert_eq!(fixture.client.query(&literal).await.codes(), ["GRAPHQL_VALIDATION_FAILED"], "{url}");
    }
    assert_eq!(Contents::read(&fixture.app).await, before);
}

#[tokio::test]
async fn texts_are_bounded() {
    let fixture = start().await;
    let url = "https://example.com/a.png";
    let problem = |code: &str, path: Value, params: Value| json!([{ "code": code, "path": path, "params": params }]);
    let params = |max: usize| json!({ "length": max + 1, "max": max });
    assert_eq!(fixture.post(&"ü".repeat(250_000), Value::Null).await["userErrors"], json!([]));
    let message = json!(["input", "message"]);
    assert_eq!(
        fixture.post_errors(&"ü".repeat(250_001), Value::Null).await,
        problem("TOO_LONG", message.clone(), params(250_000))
    );
    assert_eq!(fixture.post_errors("a\0", Value::Null).await, problem("INVALID", message, Value::Null));
    for field in ["filename", "contentType"] {
        let path = json!(["input", "attachment", field]);
        assert_eq!(fixture.post("x", json!({ "url": url, field: "ü".repeat(255) })).await["userErrors"], json!([]));
        let long = json!({ "url": url, field: "ü".repeat(256) });
        assert_eq!(fixture.post_errors("x", long).await, problem("TOO_LONG", path.clone(), params(255)));
        assert_eq!(
            fixture.post_errors("x", json!({ "url": url, field: "\0" })).await,
            problem("INVALID", path, Value::Null)
        );
    }
}

#[tokio::test]
async fn an_unknown_note_is_not_found() {
    let fixture = start().await;
    let before = Contents::read(&fixture.app).await;
    let input = json!({ "noteId": "99", "message": "" });
    let answer = fixture.client.query_with(POST, json!({ "input": input })).await["noteMessagePost"].clone();
    let problem = |code: &str, field: &str| json!({ "code": code, "path": ["input", field], "params": null });
    assert_eq!(answer["userErrors"], json!([problem("REQUIRED", "message"), problem("NOT_FOUND", "noteId")]));
    assert_eq!(Contents::read(&fixture.app).await, before);
}

#[tokio::test]
async fn the_event_log_names_the_message() {
    let fixture = start().await;
    let answer = fixture.post("Hello", Value::Null).await;
    let events = event::Entity::find().all(fixture.app.db().read()).await.unwrap();
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (event.kind, event.note_id, event.actor_id),
        (EventType::MessagePosted, NOTE, Some(fixture.users[0].id))
    );
    assert_eq!(event.message_id.map(|id| format!("NoteMessage:{id}")).as_deref(), answer["message"]["id"].as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_messages_are_numbered_without_gaps() {
    let fixture = start().await;
    let answers = join_all((0..20).map(|n| {
        let (client, input) =
            (fixture.client.clone(), json!({ "noteId": NOTE.to_string(), "message": format!("{n}") }));
        tokio::spawn(async move { client.query_with(POST, json!({ "input": input })).await["noteMessagePost"].clone() })
    }))
    .await;
    let mut counts: Vec<i64> = answers
        .into_iter()
        .map(|answer| {
            let answer = answer.unwrap();
            assert_eq!(answer["note"]["lastMessage"]["id"], answer["message"]["id"]);
            answer["note"]["messageCount"].as_i64().unwrap()
        })
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<i64>>(), "each sees the thread as of its own message");
    assert_eq!(fixture.positions().await, (1..=20).collect::<Vec<i32>>());
    let note = fixture
        .client
        .query("{ note(id: 1) { messageCount version messages(first: 100) { nodes { message } } } }")
        .await;
    assert_eq!((&note["note"]["messageCount"], &note["note"]["version"]), (&json!(20), &json!(1)));
    assert_eq!(note["note"]["messages"]["nodes"].as_array().unwrap().len(), 20);
}
