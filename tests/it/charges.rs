//! Charges of an address for a connection, in addition to its answered requests.

use std::net::SocketAddr;
use std::time::Duration;

use notegraph::http::{HttpSettings, RateLimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use testkit::App;

use crate::socket::{AT_MOST, listen};

/// The costs of a connection, of a request, and of a head that is begun and never finished.
const CONNECTION: u64 = 100;
const REQUEST: u64 = 1_000;
const HEAD: u64 = 1_000;

/// Starts a server whose clients, all from one address, can spend `budget` once.
async fn start(app: &App, budget: u64) -> SocketAddr {
    let address_rate_limit = RateLimit { operations: 9, budget, refill: 1 };
    let settings = HttpSettings { address_rate_limit, ..HttpSettings::default() };
    listen(app, &settings).await
}

/// Sends `bytes` and returns everything that comes back until the connection ends.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(AT_MOST, stream.read_to_end(&mut answer)).await.expect("the server does not let go");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn unfinished_heads_are_charged() {
    let app = App::start().await;
    let whole = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    for (bytes, requests, heads) in [
        (whole.to_owned(), 1, 0),
        ("POST /graphql HTTP/1.1\r\nHost".to_owned(), 0, 1),
        (format!("{whole}POST /graphql HTTP/1.1\r\nHost"), 1, 1),
        (format!("{whole}{whole}{whole}P"), 3, 1),
    ] {
        let cost = CONNECTION + requests * REQUEST + heads * HEAD;
        for (left, status) in [(CONNECTION + REQUEST, 404), (CONNECTION + REQUEST - 1, 429)] {
            let address = start(&app, cost + left).await;
            exchange(address, bytes.as_bytes()).await;
            // The connection is charged when it has ended.
            sleep(Duration::from_millis(300)).await;
            let next = exchange(address, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert!(next.starts_with(&format!("HTTP/1.1 {status} ")), "{bytes}: {next}");
        }
    }
}

#[tokio::test]
async fn discarded_bytes_are_charged_as_they_arrive() {
    let app = App::start().await;
    let address = start(&app, CONNECTION + REQUEST + 20_000).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n").await.unwrap();
    let (piece, mut pieces) = (vec![b'x'; 1 << 20], 0);
    let flood = async {
        while stream.write_all(&piece).await.is_ok() {
            pieces += 1;
        }
    };
    timeout(AT_MOST, flood).await.expect("the server does not let go");
    // The cost is 1 per 1,000 bytes; some bytes are still in transit.
    assert!((15..60).contains(&pieces), "{pieces}");
    let mut next = TcpStream::connect(address).await.unwrap();
    let _ = next.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let read = timeout(AT_MOST, next.read(&mut [0; 16])).await.expect("the server does not let go");
    assert!(!matches!(read, Ok(1..)), "its address may go on");
}
