//! `Subscription.noteEvents`.

use std::collections::HashSet;
use std::time::Duration;

use notegraph::event::{EventHub, FeedFilter, FollowRequest, follow};
use notegraph::graphql::context::AppState;
use notegraph::http::{SocketLimits, router};
use notegraph::scheduling::runtime::OperationRuntime;
use notegraph::schema;
use notegraph::store::AccessScope;
use notegraph::store::entity::token::{self, Scope};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::{Value, json};
use testkit::{Client, open};
use tower::ServiceExt;

use super::client::{PATIENT, Server, Socket, complete, settings};
use super::{assert_works, start, start_with};
use crate::fixture::Fixture;
use futures_util::StreamExt;

/// The end of the feed.
pub async fn now(client: &Client) -> String {
    let page = client.query("{ noteEvents(from: NOW) { pageInfo { endCursor } } }").await;
    page.body["data"]["noteEvents"]["pageInfo"]["endCursor"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", page.text))
        .to_owned()
}

pub async fn create(client: &Client, subject: &str) -> String {
    let document = "mutation($s: String) { noteCreate(input: { subject: $s }) { note { id } } }";
    let created = client.query_with(document, json!({ "s": subject })).await;
    created.body["data"]["noteCreate"]["note"]["id"].as_str().unwrap_or_else(|| panic!("{}", created.text)).to_owned()
}

async fn patch(client: &Client, id: &str, patch: Value) {
    let document = "mutation($i: NotePatchInput!) { notePatch(input: $i) { userErrors { code } } }";
    let patched = client.query_with(document, json!({ "i": { "id": id, "patch": patch } })).await;
    assert_eq!(patched.body["data"]["notePatch"]["userErrors"], json!([]), "{}", patched.text);
}

/// Subscribes after a cursor, with more arguments.
async fn follow_events(socket: &mut Socket, id: &str, cursor: &str, arguments: Value) {
    let document = "subscription($after: String, $noteIds: [ID!], $types: [NoteEventType!], $assigned: Boolean) { \
        noteEvents(after: $after, noteIds: $noteIds, types: $types, assignedToViewer: $assigned) \
        { type noteId cursor note { subject } } }";
    let mut variables = json!({ "after": cursor });
    variables.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
    let payload = json!({ "query": document, "variables": variables });
    socket.send(json!({ "type": "subscribe", "id": id, "payload": payload })).await;
}

/// The next event of a subscription: its type and its subject.
async fn event(socket: &mut Socket, id: &str) -> (String, Value) {
    let next = socket.receive().await;
    assert_eq!((&next["id"], &next["type"]), (&json!(id), &json!("next")), "{next}");
    let event = &next["payload"]["data"]["noteEvents"];
    (event["type"].as_str().unwrap_or_else(|| panic!("{next}")).to_owned(), event["note"]["subject"].clone())
}

#[tokio::test]
async fn events_arrive_as_they_happen() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    let cursor = now(&fixture.client).await;
    follow_events(&mut socket, "s", &cursor, json!({})).await;
    for subject in ["one", "two", "three"] {
        let id = create(&fixture.client, subject).await;
        assert_eq!(event(&mut socket, "s").await, ("CREATED".to_owned(), json!(subject)));
        patch(&fixture.client, &id, json!({ "subject": format!("{subject}!") })).await;
        assert_eq!(event(&mut socket, "s").await, ("UPDATED".to_owned(), json!(format!("{subject}!"))));
    }
    assert_works(&mut socket).await;
}

#[tokio::test]
async fn a_completed_subscription_sends_nothing_more() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    let cursor = now(&fixture.client).await;
    follow_events(&mut socket, "s", &cursor, json!({})).await;
    create(&fixture.client, "one").await;
    event(&mut socket, "s").await;
    follow_events(&mut socket, "s", &cursor, json!({})).await;
    assert_eq!(socket.closed().await, 4409, "while it runs");
    let mut socket = server.ready(fixture.client.token()).await;
    follow_events(&mut socket, "s", &cursor, json!({})).await;
    event(&mut socket, "s").await;
    socket.send(complete("s")).await;
    create(&fixture.client, "two").await;
    assert_works(&mut socket).await;
    follow_events(&mut socket, "s", &cursor, json!({})).await;
    assert_eq!(event(&mut socket, "s").await.1, "one", "a new one with the same ID");
    assert_eq!(event(&mut socket, "s").await.1, "two");
}

#[tokio::test]
async fn what_happened_since_the_cursor_comes_first() {
    let (fixture, server) = start().await;
    let cursor = now(&fixture.client).await;
    for number in 0..120 {
        create(&fixture.client, &format!("before {number}")).await;
    }
    let mut socket = server.ready(fixture.client.token()).await;
    follow_events(&mut socket, "s", &cursor, json!({})).await;
    let writer = tokio::spawn({
        let client = fixture.client.clone();
        async move {
            for number in 0..60 {
                create(&client, &format!("after {number}")).await;
            }
        }
    });
    for number in 0..120 {
        assert_eq!(event(&mut socket, "s").await.1, format!("before {number}"));
    }
    for number in 0..60 {
        assert_eq!(event(&mut socket, "s").await.1, format!("after {number}"));
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn events_are_those_that_were_asked_for() {
    let fixture = Fixture::with(&["ann", "bob"], &[Scope::Read, Scope::Write]).await;
    let server = Server::start(&fixture.app, &settings(PATIENT)).await;
    let bob = fixture.users[1].token(&[Scope::Read]).await;
    let mut socket = server.ready(bob.token()).await;
    let cursor = now(&bob).await;
    let first = create(&fixture.client, "first").await;
    let second = create(&fixture.client, "second").await;
    let document = "mutation($i: NoteAssignInput!) { noteAssign(input: $i) { userErrors { code } } }";
    let input = json!({ "id": second, "userIds": [format!("User:{}", fixture.users[1].id.0)] });
    fixture.client.query_with(document, json!({ "i": input })).await;
    patch(&fixture.client, &first, json!({ "status": "CLOSED" })).await;
    for (arguments, expected) in [
        (json!({ "noteIds": [second] }), vec!["CREATED", "ASSIGNED"]),
        (json!({ "types": ["CLOSED", "ASSIGNED"] }), vec!["ASSIGNED", "CLOSED"]),
        (json!({ "assigned": true }), vec!["CREATED", "ASSIGNED"]),
        (json!({}), vec!["CREATED", "CREATED", "ASSIGNED", "CLOSED"]),
    ] {
        follow_events(&mut socket, "s", &cursor, arguments).await;
        for kind in expected {
            assert_eq!(event(&mut socket, "s").await.0, kind);
        }
        socket.send(complete("s")).await;
    }
}

#[tokio::test]
async fn hidden_notes_are_hidden() {
    let fixture = Fixture::with(&["ann", "bob"], &[Scope::Read, Scope::Write]).await;
    let server = Server::start(&fixture.app, &settings(PATIENT)).await;
    let bob = fixture.users[1].token(&[Scope::Read]).await;
    let (mut ann, mut bobs) = (server.ready(fixture.client.token()).await, server.ready(bob.token()).await);
    let cursor = now(&bob).await;
    for socket in [&mut ann, &mut bobs] {
        follow_events(socket, "s", &cursor, json!({})).await;
    }
    let id = create(&fixture.client, "open").await;
    for socket in [&mut ann, &mut bobs] {
        assert_eq!(event(socket, "s").await, ("CREATED".to_owned(), json!("open")));
    }
    patch(&fixture.client, &id, json!({ "confidential": true })).await;
    assert_eq!(event(&mut ann, "s").await.0, "UPDATED");
    assert_eq!(event(&mut bobs, "s").await, ("HIDDEN".to_owned(), Value::Null));
    patch(&fixture.client, &id, json!({ "subject": "secret" })).await;
    assert_eq!(event(&mut ann, "s").await.1, "secret");
    create(&fixture.client, "next").await;
    assert_eq!(event(&mut bobs, "s").await, ("CREATED".to_owned(), json!("next")), "nothing in between");
}

#[tokio::test]
async fn events_of_other_companies_do_not_arrive() {
    let (fixture, server) = start().await;
    let stranger = fixture.app.company("Other").await.user("eve").await.token(&[Scope::Admin]).await;
    let (mut ann, mut eve) = (server.ready(fixture.client.token()).await, server.ready(stranger.token()).await);
    let (anns, eves) = (now(&fixture.client).await, now(&stranger).await);
    follow_events(&mut ann, "s", &anns, json!({})).await;
    follow_events(&mut eve, "s", &eves, json!({})).await;
    for subject in ["one", "two"] {
        create(&fixture.client, subject).await;
        create(&stranger, &format!("other {subject}")).await;
        assert_eq!(event(&mut ann, "s").await.1, subject);
        assert_eq!(event(&mut eve, "s").await.1, format!("other {subject}"));
    }
    follow_events(&mut eve, "t", &anns, json!({})).await;
    assert_eq!(
        eve.receive().await["payload"][0]["extensions"]["code"],
        "CURSOR_EXPIRED",
        "a cursor of the other company"
    );
}

#[tokio::test]
async fn a_wrong_cursor_is_an_error_of_its_operation() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    follow_events(&mut socket, "s", "nonsense", json!({})).await;
    let error = socket.receive().await;
    assert_eq!((&error["id"], &error["type"]), (&json!("s"), &json!("error")));
    assert_eq!(error["payload"][0]["extensions"]["code"], "BAD_CURSOR", "{error}");
    assert_works(&mut socket).await;
}

#[tokio::test]
async fn a_subscription_needs_a_transport_for_many_results() {
    let (fixture, _server) = start().await;
    let refused = fixture.client.query("subscription { noteEvents { id } }").await;
    assert_eq!((refused.status, refused.codes()), (400, vec!["BAD_REQUEST"]), "{}", refused.text);
    assert!(refused.text.contains("graphql-transport-ws"), "{}", refused.text);
}

#[tokio::test]
async fn changes_of_other_processes_arrive() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    let cursor = now(&fixture.client).await;
    follow_events(&mut socket, "s", &cursor, json!({})).await;
    create(&fixture.client, "own").await;
    event(&mut socket, "s").await;
    // A server with connections of its own, which tells the first one nothing.
    let app = AppState { db: open(fixture.app.database_url()).await, ..fixture.app.context().clone() };
    let other = router(app.clone(), schema::build(), &settings(PATIENT));
    let body = json!({ "query": "mutation { noteCreate(input: { subject: \"other\" }) { note { id } } }" });
    let request = axum::http::Request::post("/graphql")
        .header("authorization", format!("Bearer {}", fixture.client.token()))
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    assert_eq!(other.oneshot(request).await.unwrap().status(), 200);
    assert_eq!(event(&mut socket, "s").await, ("CREATED".to_owned(), json!("other")));
    app.db.close().await.unwrap();
}

#[tokio::test]
async fn a_revoked_token_closes_its_sockets() {
    let limits = SocketLimits { check_interval: Duration::from_millis(50), ..PATIENT };
    let (fixture, server) = start_with(&settings(limits)).await;
    let other = fixture.users[0].token(&[Scope::Read]).await;
    let (mut revoked, mut kept) = (server.ready(fixture.client.token()).await, server.ready(other.token()).await);
    let token = token::Entity::find().all(fixture.app.db().read()).await.unwrap().remove(0);
    let mut token = token.into_active_model();
    token.revoked_on = Set(Some(fixture.app.clock().now()));
    let writing = fixture.app.db().begin().await.unwrap();
    token.update(&writing).await.unwrap();
    writing.commit().await.unwrap();
    assert_eq!(revoked.closed().await, 4403);
    assert_works(&mut kept).await;
}

#[tokio::test]
async fn a_stopping_server_ends_subscriptions() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    let cursor = now(&fixture.client).await;
    follow_events(&mut socket, "s", &cursor, json!({})).await;
    create(&fixture.client, "one").await;
    event(&mut socket, "s").await;
    let ended = server.stop();
    assert_eq!(socket.closed().await, 1001);
    ended.await;
}

/// Whoever does not take batches in time reads the log, and misses nothing.
#[tokio::test]
async fn a_slow_follower_catches_up() {
    let fixture = Fixture::new().await;
    let (db, access) = (
        fixture.app.db(),
        AccessScope { company_id: fixture.company.id, user_id: fixture.users[0].id, confidential: false },
    );
    let hub = EventHub::new(db.clone(), OperationRuntime::current());
    let request = || FollowRequest { after: None, filter: FeedFilter::default(), assigned: false, access };
    let (mut slow, mut quick) =
        (follow(&hub, db, request()).await.unwrap(), follow(&hub, db, request()).await.unwrap());
    let mut notes = Vec::new();
    for number in 0..150 {
        create(&fixture.client, &number.to_string()).await;
        // Once the other one has it, it was a batch of its own.
        notes.push(quick.next().await.unwrap().unwrap().row().note_id);
    }
    let mut seen = Vec::new();
    for _ in 0..150 {
        seen.push(slow.next().await.unwrap().unwrap().row().note_id);
    }
    assert_eq!(seen, notes);
    assert_eq!(notes.iter().collect::<HashSet<_>>().len(), 150);
}

#[tokio::test]
async fn subscriptions_of_a_token_are_bounded() {
    let (fixture, server) = start_with(&settings(SocketLimits { subscriptions_per_token: 1, ..PATIENT })).await;
    let mut socket = server.ready(fixture.client.token()).await;
    let cursor = now(&fixture.client).await;
    create(&fixture.client, "one").await;
    follow_events(&mut socket, "a", &cursor, json!({})).await;
    event(&mut socket, "a").await;
    follow_events(&mut socket, "b", &cursor, json!({})).await;
    let error = socket.receive().await;
    assert_eq!((&error["id"], &error["type"]), (&json!("b"), &json!("error")));
    assert_eq!(error["payload"][0]["extensions"]["code"], "RATE_LIMITED", "{error}");
    assert_works(&mut socket).await;
}
