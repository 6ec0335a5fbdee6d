//! Bounds of sockets: how many there are, what they hold, and how long they stay.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use notegraph::http::{HttpSettings, RateLimit, SocketLimits};
use notegraph::store::entity::token;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::client::{PATIENT, settings, subscribe};
use super::{VIEWER, assert_works, start, start_with, viewer};

#[tokio::test]
async fn sockets_of_an_address_are_bounded() {
    let (fixture, server) = start_with(&settings(SocketLimits { per_address: 2, ..PATIENT })).await;
    let (mut first, second) = (server.ready(fixture.client.token()).await, server.connect().await);
    assert_eq!(server.open(server.request()).await.err(), Some((429, "RATE_LIMITED".to_owned())));
    drop(second);
    // The slot is free as soon as the server notices.
    while server.open(server.request()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_works(&mut first).await;
}

#[tokio::test]
async fn sockets_of_a_token_are_bounded() {
    let (fixture, server) = start_with(&settings(SocketLimits { per_token: 1, ..PATIENT })).await;
    let other = fixture.users[0].token(&[notegraph::store::entity::token::Scope::Read]).await;
    let mut first = server.ready(fixture.client.token()).await;
    let mut second = server.connect().await;
    second.init(fixture.client.token()).await;
    assert_eq!(second.closed().await, 1013);
    assert_works(&mut server.ready(other.token()).await).await;
    assert_works(&mut first).await;
}

#[tokio::test]
async fn operations_of_a_socket_are_bounded() {
    let (fixture, server) = start_with(&settings(SocketLimits { operations: 1, ..PATIENT })).await;
    let mut socket = server.ready(fixture.client.token()).await;
    socket.send_together(&[subscribe("1", VIEWER), subscribe("2", VIEWER)]).await;
    let refused = socket.receive().await;
    assert_eq!((&refused["id"], &refused["type"]), (&json!("2"), &json!("error")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(socket.receive().await, viewer("1"));
    assert_eq!(socket.receive().await["type"], "complete");
    assert_works(&mut socket).await;
}

#[tokio::test]
async fn a_message_that_is_too_large_closes_the_socket() {
    let (fixture, server) = start_with(&settings(SocketLimits { message_bytes: 10_000, ..PATIENT })).await;
    let token = fixture.client.token();
    let long = format!("# {}\n{VIEWER}", "x".repeat(20_000));
    let mut socket = server.ready(token).await;
    socket.subscribe("1", &long[..9_000]).await;
    assert_eq!(socket.receive().await["type"], "error");
    socket.subscribe("1", &long).await;
    assert_eq!(socket.closed().await, 1009);
    // Before the client is known, less is read.
    let (_fixture, server) = start().await;
    let mut socket = server.connect().await;
    socket.send(json!({ "type": "connection_init", "payload": { "x": "y".repeat(40_000) } })).await;
    assert_eq!(socket.closed().await, 1009);
}

/// The length of a frame is announced, and the rest never comes: nothing is held for it.
#[tokio::test]
async fn an_announced_message_takes_no_memory() {
    let (_fixture, server) = start().await;
    let request = server.request();
    let key = request.headers()["sec-websocket-key"].to_str().unwrap().to_owned();
    let head = format!(
        "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A masked text frame of 2^40 bytes.
    stream.write_all(&[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, b'x']).await.unwrap();
    let mut socket = tokio_tungstenite::WebSocketStream::from_raw_socket(
        skip_head(stream).await,
        tokio_tungstenite::tungstenite::protocol::Role::Client,
        None,
    )
    .await;
    let frame = socket.next().await.unwrap().unwrap();
    let Message::Close(Some(close)) = frame else { panic!("{frame:?}") };
    assert_eq!(u16::from(close.code), 1009);
}

/// Reads the head of the response to the upgrade.
async fn skip_head(mut stream: TcpStream) -> TcpStream {
    use tokio::io::AsyncReadExt;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await.unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    stream
}

#[tokio::test]
async fn a_silent_client_is_pinged_and_then_dropped() {
    let limits = SocketLimits { keep_alive: Duration::from_millis(100), ..PATIENT };
    let (fixture, server) = start_with(&settings(limits)).await;
    let mut socket = server.ready(fixture.client.token()).await;
    // Its library answers pings only while it reads.
    for _ in 0..3 {
        let frame = socket.0.next().await.unwrap().unwrap();
        assert!(matches!(frame, Message::Ping(_)), "{frame:?}");
        socket.0.flush().await.unwrap();
    }
    assert_works(&mut socket).await;
    let (mut reading, _writing) = socket.0.into_inner().into_split();
    let mut rest = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut rest).await.unwrap();
    assert_eq!(rest, [0x89, 0], "a ping, and the end");
}

#[tokio::test]
async fn an_operation_over_the_budget_is_refused_alone() {
    // The message alone costs more than a whole budget, which a first operation would have to find full.
    let limit = RateLimit { operations: 10, budget: 50_000, refill: 1 };
    let settings = HttpSettings { token_rate_limit: limit, ..settings(PATIENT) };
    let (fixture, server) = start_with(&settings).await;
    let mut socket = server.ready(fixture.client.token()).await;
    socket.subscribe("1", &format!("{VIEWER} # {}", "x".repeat(60_000))).await;
    let refused = socket.receive().await;
    assert_eq!(refused["type"], "error", "{refused}");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.receive().await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn a_large_result_arrives_in_one_message() {
    let (fixture, server) = start().await;
    for _ in 0..40 {
        fixture.company.note(|note| note.details = Some("ä".repeat(5_000))).await;
    }
    let mut socket = server.ready(fixture.client.token()).await;
    let document = "{ notes(first: 100) { nodes { details } } }";
    socket.subscribe("1", document).await;
    let next = socket.receive().await;
    let over_http = fixture.client.query(document).await;
    assert_eq!(next["payload"]["data"], over_http.body["data"]);
    assert_eq!(socket.receive().await, json!({ "id": "1", "type": "complete" }));
}

#[tokio::test]
async fn a_revoked_token_executes_nothing_more() {
    let (fixture, server) = start().await;
    let mut socket = server.ready(fixture.client.token()).await;
    assert_works(&mut socket).await;
    let token = token::Entity::find().one(fixture.app.db().read()).await.unwrap().unwrap();
    let mut token = token.into_active_model();
    token.revoked_on = Set(Some(fixture.app.clock().now()));
    let writing = fixture.app.db().begin().await.unwrap();
    token.update(&writing).await.unwrap();
    writing.commit().await.unwrap();
    socket.subscribe("1", VIEWER).await;
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
async fn an_address_without_budget_is_read_later() {
    let limit = RateLimit { operations: 1_000, budget: 50_000, refill: 20_000 };
    let settings = HttpSettings { address_rate_limit: limit, ..settings(PATIENT) };
    let (_fixture, server) = start_with(&settings).await;
    let mut socket = server.connect().await;
    let begun = std::time::Instant::now();
    for _ in 0..1_500 {
        socket.0.feed(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    }
    socket.0.flush().await.unwrap();
    for _ in 0..1_500 {
        assert_eq!(socket.receive().await, json!({ "type": "pong" }));
    }
    // 75,000 points, of which 25,000 had to be refilled.
    assert!(begun.elapsed() > Duration::from_secs(1), "{:?}", begun.elapsed());
}
