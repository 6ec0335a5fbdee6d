//! How the body of a request arrives over its connection.

use std::net::SocketAddr;
use std::time::Duration;

use notegraph::http::HttpSettings;
use notegraph::meter::MemoryLimits;
use notegraph::store::entity::token::Scope;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use testkit::{App, Client, ENDLESS};

use crate::socket::{exchange, listen};

const MIB: u64 = 1 << 20;

/// Starts a server on a socket, for as long as the test runs, without rate limits.
async fn start(app: &App, memory: MemoryLimits) -> SocketAddr {
    let settings =
        HttpSettings { address_rate_limit: ENDLESS, token_rate_limit: ENDLESS, memory, ..HttpSettings::default() };
    listen(app, &settings).await
}

async fn reader(app: &App, company: &str) -> Client {
    app.company(company).await.user("ann").await.token(&[Scope::Read]).await
}

fn head(client: &Client, length: &str) -> String {
    let token = client.token();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: application/json\r\n{length}\r\n\r\n"
    )
}

/// A body in chunks of `size`.
fn chunks(body: &str, size: usize) -> String {
    let chunk = |chunk: &[u8]| format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap());
    let chunks: String = body.as_bytes().chunks(size).map(chunk).collect();
    format!("{chunks}0\r\n\r\n")
}

/// Regression: 12 MB in chunks of one byte took 5 s on the threads that all clients share, and zeros before a chunk's
/// size had no limit.
#[tokio::test]
async fn a_chunked_body_may_not_be_mostly_framing() {
    let app = App::start().await;
    let client = reader(&app, "Acme").await;
    let address = start(&app, MemoryLimits::default()).await;
    let body = |bytes: usize| json!({ "query": "{ __typename }", "variables": { "x": "x".repeat(bytes) } }).to_string();
    let large = body(1_000_000);
    let small = body(0);
    let zeros = |count: usize| format!("{}{}", "0".repeat(count), chunks(&small, 1_000));
    for (what, sent, status) in [
        ("small chunks of a small body", chunks(&body(5_000), 1), 200),
        ("chunks of seven bytes", chunks(&large, 7), 200),
        ("large chunks", chunks(&large, 100_000), 200),
        ("one chunk", chunks(&large, 2_000_000), 200),
        ("some zeros", zeros(1_000), 200),
        ("small chunks of a large body", chunks(&large, 1), 400),
        ("many zeros", zeros(2_000_000), 400),
    ] {
        let request = format!("{}{sent}", head(&client, "Transfer-Encoding: chunked"));
        let answer = exchange(address, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer}");
        assert_eq!(answer.contains("send larger chunks"), status == 400, "{what}: {answer}");
    }
    // Each body has its own limit; the connection as a whole has none.
    let request = head(&client, "Transfer-Encoding: chunked").replace("Connection: close\r\n", "");
    let more = format!("{request}{}", chunks(&body(5_000), 1)).repeat(20);
    let last = format!("{}{small}", head(&client, &format!("Content-Length: {}", small.len())));
    let answer = exchange(address, format!("{more}{last}").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 21, "{answer}");
}

/// Regression: heads that announced 2 MiB each reserved the memory of all clients, although no byte of a body came.
#[tokio::test]
async fn an_announced_length_takes_no_memory() {
    let app = App::start().await;
    let (one, other) = (reader(&app, "Acme").await, reader(&app, "Other").await);
    let address = start(&app, MemoryLimits { process: 8 * MIB, token: 6 * MIB }).await;
    let mut waiting = Vec::new();
    for begun in ["", "{\"query\":"] {
        for length in [format!("Content-Length: {}", 2 * MIB), "Transfer-Encoding: chunked".to_owned()] {
            for _ in 0..5 {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let begun = if length.starts_with('T') && !begun.is_empty() { "2\r\n{ \r\n" } else { begun };
                stream.write_all(format!("{}{begun}", head(&one, &length)).as_bytes()).await.unwrap();
                waiting.push(stream);
            }
        }
    }
    // Let the server wait for their bodies.
    sleep(Duration::from_millis(300)).await;
    let body = json!({ "query": "{ __typename }", "variables": { "x": "x".repeat(1_500_000) } }).to_string();
    let request = format!("{}{body}", head(&other, &format!("Content-Length: {}", body.len())));
    let answer = exchange(address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("Query"), "{answer}");
    drop(waiting);
}
