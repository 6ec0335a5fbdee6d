//! GraphQL over WebSocket: `graphql-transport-ws`, and what it has in common with HTTP.

mod bounds;
mod client;
mod streams;
mod subscriptions;

use std::time::Duration;

use futures_util::SinkExt;
use notegraph::http::{HttpSettings, SocketLimits};
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::Fixture;
use client::{PATIENT, Server, Socket, complete, settings, subscribe};

const VIEWER: &str = "{ viewer { user { username } } }";

async fn start() -> (Fixture, Server) {
    start_with(&settings(PATIENT)).await
}

async fn start_with(settings: &HttpSettings) -> (Fixture, Server) {
    let fixture = Fixture::new().await;
    let server = Server::start(&fixture.app, settings).await;
    (fixture, server)
}

fn viewer(id: &str) -> Value {
    json!({ "id": id, "type": "next", "payload": { "data": { "viewer": { "user": { "username": "ann" } } } } })
}

/// The socket still works.
async fn assert_works(socket: &mut Socket) {
    socket.subscribe("still", VIEWER).await;
    assert_eq!(socket.receive().await, viewer("still"));
    assert_eq!(socket.receive().await, json!({ "id": "still", "type": "complete" }));
}

#[tokio::test]
async fn the_protocol_is_negotiated() {
    let (_fixture, server) = start().await;
    for protocols in [None, Some("graphql-ws"), Some("soap, x-graphql-transport-ws"), Some("")] {
        let mut request = server.request();
        request.headers_mut().remove("sec-websocket-protocol");
        if let Some(protocols) = protocols {
            request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
        }
        assert_eq!(server.open(request).await.err(), Some((400, "BAD_REQUEST".to_owned())), "{protocols:?}");
    }
    let mut request = server.request();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-ws,graphql-transport-ws".parse().unwrap());
    assert!(server.open(request).await.is_ok());
}

#[tokio::test]
async fn a_foreign_page_opens_no_socket() {
    let allowed = settings(PATIENT);
    let allowed = HttpSettings { allowed_origins: vec!["https://front.example.com".parse().unwrap()], ..allowed };
    let (_fixture, server) = start_with(&allowed).await;
    for (origin, expected) in [
        ("https://evil.example.com".to_owned(), Some((403, "FORBIDDEN_ORIGIN".to_owned()))),
        ("null".to_owned(), Some((403, "FORBIDDEN_ORIGIN".to_owned()))),
        ("https://front.example.com".to_owned(), None),
        (format!("http://{}", server.address), None),
    ] {
        let mut request = server.request();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        assert_eq!(server.open(request).await.err(), expected, "{origin}");
    }
}

#[tokio::test]
async fn the_upgrade_is_checked() {
    let (_fixture, server) = start().await;
    for (name, value, status) in
        [("sec-websocket-version", "12", 426), ("sec-websocket-key", "c2hvcnQ=", 400), ("connection", "close", 400)]
    {
        let mut request = server.request();
        request.headers_mut().insert(name, value.parse().unwrap());
        // The client library refuses to send such a request.
        let lines = request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let head = lines.collect::<Vec<_>>().join("\r\n");
        let sent = format!("GET /graphql HTTP/1.1\r\n{head}\r\nconnection: close\r\n\r\n");
        let answer = crate::socket::exchange(server.address, sent.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_initialize_is_closed() {
    let limits = SocketLimits { init_timeout: Duration::from_millis(50), ..PATIENT };
    let (_fixture, server) = start_with(&settings(limits)).await;
    let mut socket = server.connect().await;
    socket.send(json!({ "type": "pong" })).await;
    assert_eq!(socket.closed().await, 4408);
}

#[tokio::test]
async fn nothing_is_executed_before_the_acknowledgement() {
    let (fixture, server) = start().await;
    let mut socket = server.connect().await;
    socket.subscribe("1", VIEWER).await;
    assert_eq!(socket.closed().await, 4401);
    let mut socket = server.connect().await;
    let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", fixture.client.token()) } });
    socket.send_together(&[init, subscribe("1", VIEWER)]).await;
    assert_eq!(socket.closed().await, 4401);
}

#[tokio::test]
async fn a_socket_is_initialized_once() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    socket.init(fixture.client.token()).await;
    assert_eq!(socket.closed().await, 4429);
}

#[tokio::test]
async fn a_wrong_token_is_forbidden() {
    let (fixture, server) = start().await;
    for payload in [
        json!({ "Authorization": "Bearer ng_1_wrong" }),
        json!({ "Authorization": "Basic YQ==" }),
        json!({ "headers": { "authorization": "Bearer ng_1_wrong" } }),
        json!({}),
        Value::Null,
    ] {
        let mut socket = server.connect().await;
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.closed().await, 4403, "{payload}");
    }
    // A wrong token in the message is not replaced by the one of the upgrade.
    let mut request = server.request();
    request.headers_mut().insert("authorization", format!("Bearer {}", fixture.client.token()).parse().unwrap());
    let mut socket = server.open(request).await.unwrap();
    socket.init("ng_1_wrong").await;
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
async fn the_token_comes_with_the_upgrade_or_with_the_message() {
    let (fixture, server) = start().await;
    let token = format!("Bearer {}", fixture.client.token());
    for payload in [json!({ "authorization": token }), json!({ "headers": { "Authorization": token } })] {
        let mut socket = server.connect().await;
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive().await, json!({ "type": "connection_ack" }));
        assert_works(&mut socket).await;
    }
    let mut request = server.request();
    request.headers_mut().insert("authorization", token.parse().unwrap());
    let mut socket = server.open(request).await.unwrap();
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive().await, json!({ "type": "connection_ack" }));
    assert_works(&mut socket).await;
}

#[tokio::test]
async fn what_is_no_message_closes_the_socket() {
    let (fixture, server) = start().await;
    for text in ["", "{", "[]", "{}", r#"{"type":"start","id":"1"}"#, r#"{"type":"subscribe","id":"1"}"#] {
        let mut socket = server.ready(fixture.client.token()).await;
        socket.send_text(text).await;
        assert_eq!(socket.closed().await, 4400, "{text}");
    }
    let mut socket = server.ready(fixture.client.token()).await;
    socket.0.send(Message::binary(&b"{\"type\":\"ping\"}"[..])).await.unwrap();
    assert_eq!(socket.closed().await, 4400);
}

#[tokio::test]
async fn an_id_names_one_operation_at_a_time() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    socket.send_together(&[subscribe("1", VIEWER), subscribe("1", VIEWER)]).await;
    assert_eq!(socket.closed().await, 4409);
    let mut socket = server.ready(fixture.client.token()).await;
    for _ in 0..3 {
        assert_works(&mut socket).await;
    }
}

#[tokio::test]
async fn queries_and_mutations_have_a_result_and_an_end() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    assert_works(&mut socket).await;
    let create =
        "mutation($input: NoteCreateInput!) { noteCreate(input: $input) { note { subject } userErrors { code } } }";
    let payload =
        json!({ "query": create, "variables": { "input": { "subject": "over a socket" } }, "operationName": null });
    socket.send(json!({ "type": "subscribe", "id": "2", "payload": payload })).await;
    let created = json!({ "noteCreate": { "note": { "subject": "over a socket" }, "userErrors": [] } });
    assert_eq!(socket.receive().await, json!({ "id": "2", "type": "next", "payload": { "data": created } }));
    assert_eq!(socket.receive().await, json!({ "id": "2", "type": "complete" }));
    assert_eq!(fixture.events().await.len(), 1);
}

#[tokio::test]
async fn an_error_of_a_field_is_part_of_the_result() {
    let (fixture, server) = start().await;
    let client = fixture.users[0].token(&[Scope::Read]).await;
    let mut socket = server.ready(client.token()).await;
    socket.subscribe("1", r#"mutation { noteCreate(input: { subject: "a" }) { note { id } } }"#).await;
    let next = socket.receive().await;
    assert_eq!((&next["type"], &next["payload"]["data"]), (&json!("next"), &json!({ "noteCreate": null })));
    assert_eq!(next["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(socket.receive().await, json!({ "id": "1", "type": "complete" }));
}

#[tokio::test]
async fn an_invalid_document_is_an_error_of_its_operation() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    for (payload, code) in [
        (json!({ "query": "{ nothing }" }), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": "{" }), "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "query($a: ID!) { note(id: $a) { id } }" }), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": VIEWER, "variables": [] }), "BAD_REQUEST"),
        (json!({}), "BAD_REQUEST"),
    ] {
        socket.send(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        let error = socket.receive().await;
        assert_eq!((&error["id"], &error["type"]), (&json!("1"), &json!("error")), "{payload}");
        let first = &error["payload"][0];
        assert_eq!(first["extensions"]["code"], code, "{error}");
        assert!(first["extensions"]["requestId"].as_str().is_some_and(|id| id.len() == 16), "{error}");
    }
    assert_works(&mut socket).await;
}

#[tokio::test]
async fn a_completed_operation_sends_nothing_more() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    socket.send_together(&[subscribe("1", VIEWER), complete("1"), complete("unknown"), subscribe("2", VIEWER)]).await;
    assert_eq!(socket.receive().await, viewer("2"));
    assert_eq!(socket.receive().await, json!({ "id": "2", "type": "complete" }));
    // The ID is free again.
    socket.send_together(&[subscribe("1", "{ nothing }"), complete("1"), subscribe("1", VIEWER)]).await;
    assert_eq!(socket.receive().await, viewer("1"));
    assert_eq!(socket.receive().await, json!({ "id": "1", "type": "complete" }));
}

#[tokio::test]
async fn a_ping_is_answered() {
    let (fixture, server) = start().await;
    let mut socket = server.connect().await;
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.receive().await, json!({ "type": "pong" }));
    let mut socket = server.ready(fixture.client.token()).await;
    socket.send(json!({ "type": "ping", "payload": { "at": 1 } })).await;
    assert_eq!(socket.receive().await, json!({ "type": "pong", "payload": { "at": 1 } }));
    socket.send(json!({ "type": "pong" })).await;
    assert_works(&mut socket).await;
}

#[tokio::test]
async fn a_stopping_server_says_so() {
    let (fixture, server) = start().await;
    let (mut new, mut ready) = (server.connect().await, server.ready(fixture.client.token()).await);
    assert_works(&mut ready).await;
    let ended = server.stop();
    assert_eq!((new.closed().await, ready.closed().await), (1001, 1001));
    ended.await;
}

#[tokio::test]
async fn the_cost_is_shown_on_request() {
    let (fixture, server) = start().await;
    let mut request = server.request();
    request.headers_mut().insert("x-graphql-cost", "1".parse().unwrap());
    let mut socket = server.open(request).await.unwrap();
    socket.init(fixture.client.token()).await;
    socket.receive().await;
    socket.subscribe("1", VIEWER).await;
    let next = socket.receive().await;
    assert!(
        next["payload"]["extensions"]["cost"]["actual"]["points"].as_u64().is_some_and(|points| points > 0),
        "{next}"
    );
}
