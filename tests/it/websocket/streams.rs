//! Subscriptions over HTTP: server-sent events and multipart.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt;
use notegraph::http::{SocketLimits, router};
use notegraph::schema;
use notegraph::store::entity::token;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt;

use super::client::{AT_MOST, PATIENT, settings};
use super::subscriptions::{create, now};
use super::{VIEWER, start};
use crate::fixture::Fixture;

const EVENTS: &str = "subscription($after: String) { noteEvents(after: $after) { cursor note { subject } } }";
const MULTIPART: &str = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json";

/// A server whose limits of sockets are these, without a socket.
fn server(fixture: &Fixture, limits: SocketLimits) -> Router {
    router(fixture.app.context().clone(), schema::build(), &settings(limits))
}

async fn ask(server: &Router, token: &str, accept: &str, body: Value, last: Option<&str>) -> Response<Body> {
    let mut request = Request::post("/graphql")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("accept", accept);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    server.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap()
}

fn kind(response: &Response<Body>) -> &str {
    response.headers()["content-type"].to_str().unwrap()
}

/// Reads a body until it contains a text.
async fn until(body: &mut Body, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let frame = timeout(AT_MOST, body.frame()).await.expect("nothing arrives");
        let frame = frame.unwrap_or_else(|| panic!("the body ends without {text}: {read}"));
        read.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
    }
    read
}

async fn rest(body: Body) -> String {
    let bytes = timeout(AT_MOST, body.collect()).await.expect("the body does not end").unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_id_of_a_server_sent_event_is_its_cursor() {
    let fixture = Fixture::new().await;
    let (server, token) = (server(&fixture, PATIENT), fixture.client.token());
    let cursor = now(&fixture.client).await;
    let body = json!({ "query": EVENTS, "variables": { "after": cursor } });
    let response = ask(&server, token, "text/event-stream", body.clone(), None).await;
    assert_eq!((response.status().as_u16(), kind(&response)), (200, "text/event-stream; charset=utf-8"));
    let mut stream = response.into_body();
    assert_eq!(until(&mut stream, "\n\n").await, ":\n\n", "the head does not wait for an event");
    create(&fixture.client, "one").await;
    let one = until(&mut stream, "\n\n").await;
    let id = one.strip_prefix("id: ").and_then(|rest| rest.split('\n').next()).unwrap().to_owned();
    let data = json!({ "data": { "noteEvents": { "cursor": id, "note": { "subject": "one" } } } });
    assert_eq!(one, format!("id: {id}\nevent: next\ndata: {data}\n\n"));
    create(&fixture.client, "two").await;
    assert!(until(&mut stream, "\n\n").await.contains("\"two\""));
    // The same request again goes on behind what the header says, though its cursor is older.
    let mut stream = ask(&server, token, "text/event-stream", body, Some(&id)).await.into_body();
    assert!(!until(&mut stream, "\"two\"").await.contains("\"one\""));
}

#[tokio::test]
async fn parts_hold_results() {
    let fixture = Fixture::new().await;
    let (server, token) = (server(&fixture, PATIENT), fixture.client.token());
    let body = json!({ "query": EVENTS, "variables": { "after": now(&fixture.client).await } });
    create(&fixture.client, "one").await;
    let response = ask(&server, token, MULTIPART, body, None).await;
    assert_eq!(kind(&response), "multipart/mixed; boundary=\"graphql\"; subscriptionSpec=1.0");
    let mut stream = response.into_body();
    assert_eq!(until(&mut stream, "--graphql").await, "\r\n--graphql");
    let part = until(&mut stream, "--graphql").await;
    assert!(
        part.starts_with("\r\ncontent-type: application/json\r\n\r\n{\"payload\":{\"data\":{\"noteEvents\":"),
        "{part}"
    );
    assert!(part.ends_with("\"one\"}}}}}\r\n--graphql"), "{part}");
    // A query has a single response.
    let response = ask(&server, token, MULTIPART, json!({ "query": VIEWER }), None).await;
    assert_eq!(kind(&response), "application/json; charset=utf-8");
}

#[tokio::test]
async fn queries_come_as_events_for_who_accepts_nothing_else() {
    let fixture = Fixture::new().await;
    let (server, token) = (server(&fixture, PATIENT), fixture.client.token());
    let response = ask(&server, token, "text/event-stream", json!({ "query": VIEWER }), None).await;
    let data = r#"{"data":{"viewer":{"user":{"username":"ann"}}}}"#;
    assert_eq!(rest(response.into_body()).await, format!("event: next\ndata: {data}\n\nevent: complete\ndata:\n\n"));
    let response = ask(&server, token, "text/event-stream", json!({ "query": "{ nothing }" }), None).await;
    let text = rest(response.into_body()).await;
    assert!(
        text.starts_with("event: next\ndata: {\"errors\":[{") && text.contains("GRAPHQL_VALIDATION_FAILED"),
        "{text}"
    );
    let response = ask(&server, token, "text/event-stream, application/json", json!({ "query": VIEWER }), None).await;
    assert_eq!(kind(&response), "application/json; charset=utf-8");
    let response = ask(&server, "ng_1_wrong", "text/event-stream", json!({ "query": VIEWER }), None).await;
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn a_revoked_token_ends_its_streams() {
    let fixture = Fixture::new().await;
    let limits = SocketLimits { check_interval: Duration::from_millis(50), ..PATIENT };
    let (server, token) = (server(&fixture, limits), fixture.client.token());
    let response =
        ask(&server, token, "text/event-stream", json!({ "query": "subscription { noteEvents { id } }" }), None).await;
    let row = token::Entity::find().one(fixture.app.db().read()).await.unwrap().unwrap();
    let mut row = row.into_active_model();
    row.revoked_on = Set(Some(fixture.app.clock().now()));
    let writing = fixture.app.db().begin().await.unwrap();
    row.update(&writing).await.unwrap();
    writing.commit().await.unwrap();
    let text = rest(response.into_body()).await;
    assert!(text.contains("UNAUTHENTICATED") && text.ends_with("event: complete\ndata:\n\n"), "{text}");
}

#[tokio::test]
async fn streams_count_among_the_sockets_of_a_token() {
    let (fixture, _) = start().await;
    let (server, token) = (server(&fixture, SocketLimits { per_token: 1, ..PATIENT }), fixture.client.token());
    let body = json!({ "query": "subscription { noteEvents { id } }" });
    let first = ask(&server, token, "text/event-stream", body.clone(), None).await;
    assert_eq!(first.status(), 200);
    assert_eq!(ask(&server, token, "text/event-stream", body.clone(), None).await.status(), 429);
    drop(first);
    assert_eq!(ask(&server, token, "text/event-stream", body, None).await.status(), 200);
}
