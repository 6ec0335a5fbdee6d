//! How the body of a request comes over its connection.

use std::net::SocketAddr;
use std::time::Duration;

use notegraph::entity::token::Scope;
use notegraph::http::{Admission, HttpSettings, Patience, serve, site};
use notegraph::meter::MemoryLimits;
use notegraph::runtime::Work;
use notegraph::schema;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::support::{App, Client, ENDLESS};

const AT_MOST: Duration = Duration::from_mins(1);
const MIB: u64 = 1 << 20;

/// A server over a socket, for as long as the test runs, whose clients may spend what they like.
async fn start(app: &App, memory: MemoryLimits) -> SocketAddr {
    let settings = HttpSettings { of_address: ENDLESS, of_token: ENDLESS, memory, ..HttpSettings::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = site(app.context().clone(), schema::build(), &settings, Work::here());
    tokio::spawn(serve(listener, site, std::future::pending(), Patience::default(), Admission::default()));
    address
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

async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    let (mut reading, mut writing) = stream.split();
    // One that is refused early may be closed before all was sent.
    let send = async { drop(writing.write_all(bytes).await) };
    let receive = async { drop(reading.read_to_end(&mut answer).await) };
    timeout(AT_MOST, async { tokio::join!(send, receive) }).await.expect("the server does not let go");
    String::from_utf8(answer).unwrap()
}

/// Heads that announced 2 MiB each took the memory of everybody, and no byte came.
#[tokio::test]
async fn what_is_announced_takes_no_memory() {
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
    // Until they have come to wait for their bodies.
    sleep(Duration::from_millis(300)).await;
    let body = json!({ "query": "{ __typename }", "variables": { "x": "x".repeat(1_500_000) } }).to_string();
    let request = format!("{}{body}", head(&other, &format!("Content-Length: {}", body.len())));
    let answer = exchange(address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("Query"), "{answer}");
    drop(waiting);
}
