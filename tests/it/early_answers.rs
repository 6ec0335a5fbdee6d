//! Responses that are sent before the body of their request was read arrive, whatever the client still sends.

use std::net::SocketAddr;
use std::time::Duration;

use notegraph::http::{ConnectionLimits, ConnectionTimeouts, HttpSettings, RateLimit, ServerTimeouts, serve, service};
use notegraph::scheduling::runtime::OperationRuntime;
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use testkit::{App, Client, ENDLESS};

/// Timeout of every wait, so that a test that hangs fails.
const AT_MOST: Duration = Duration::from_mins(1);
/// Pause that makes head and body arrive separately.
const APART: Duration = Duration::from_millis(50);
const SHORT: Duration = Duration::from_millis(300);
const MEGABYTE: usize = 1_000_000;

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(app: &App, settings: &HttpSettings) -> Self {
        Self::start_with(app, settings, ServerTimeouts::default(), ConnectionLimits::default()).await
    }

    async fn start_with(
        app: &App,
        settings: &HttpSettings,
        timeouts: ServerTimeouts,
        admission: ConnectionLimits,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let service = service(app.context().clone(), schema::build(), settings, OperationRuntime::current());
        let stopped = async { drop(stopped.await) };
        Self { address, stop, ended: tokio::spawn(serve(listener, service, stopped, timeouts, admission)) }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

fn endless() -> HttpSettings {
    HttpSettings { address_rate_limit: ENDLESS, token_rate_limit: ENDLESS, ..HttpSettings::default() }
}

async fn reader(app: &App) -> Client {
    app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await
}

fn head(request: &str, token: &str, lines: &[&str]) -> String {
    let authorization = format!("Authorization: Bearer {token}");
    let lines = [lines, &[&authorization, "", ""]].concat().join("\r\n");
    format!("{request} HTTP/1.1\r\nHost: x\r\n{lines}")
}

fn length(bytes: usize) -> String {
    format!("Content-Length: {bytes}")
}

/// A chunked body of `bytes` bytes.
fn chunked(bytes: usize) -> Vec<u8> {
    let chunk = format!("2710\r\n{}\r\n", "x".repeat(10_000));
    format!("{}0\r\n\r\n", chunk.repeat(bytes / 10_000)).into_bytes()
}

/// Reads one response, and no more than that.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let read = timeout(AT_MOST, stream.read_buf(&mut bytes)).await.expect("no answer").unwrap();
        assert_ne!(read, 0, "closed after {text}");
    }
}

/// Sends the head, then the whole body, and reads the response only then, as many clients do.
async fn sent_whole(server: &Server, head: &str, body: &[u8]) -> String {
    let mut stream = server.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    sleep(APART).await;
    for piece in body.chunks(64 << 10) {
        let sent = timeout(AT_MOST, stream.write_all(piece)).await.expect("nobody reads");
        sent.unwrap_or_else(|error| panic!("{error}: {head}"));
    }
    let mut answer = Vec::new();
    let read = timeout(AT_MOST, stream.read_to_end(&mut answer)).await.expect("the server does not let go");
    read.unwrap_or_else(|error| panic!("{error}, after {}: {head}", String::from_utf8_lossy(&answer)));
    String::from_utf8_lossy(&answer).into_owned()
}

fn assert_refused(answer: &str, status: u16, head: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{head}: {answer}");
}

#[tokio::test]
async fn a_client_that_sends_its_whole_body_gets_the_refusal() {
    let app = App::start().await;
    let client = reader(&app).await;
    let server = Server::start(&app, &endless()).await;
    let (mb, three) = (length(MEGABYTE), length(3 * MEGABYTE));
    let (json, form) = ("Content-Type: application/json", "Content-Type: multipart/form-data; boundary=x");
    let (post, token) = ("POST /graphql", client.token());
    for (request, token, lines, status) in [
        (post, "ng_1_unknown", &[json, mb.as_str()][..], 401),
        (post, token, &[json, &three], 413),
        (post, token, &[form, &mb], 415),
        // Headers that some clients send with each request.
        (
            post,
            "ng_1_unknown",
            &[json, &mb, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
            401,
        ),
        (post, token, &[json, &mb, "Accept: text/html"], 406),
        (post, token, &[json, &mb, "Origin: https://evil.example"], 403),
        (post, token, &[json, &mb, "Host: y"], 400),
        ("PUT /graphql", token, &[json, &mb], 405),
        ("POST /nothing", token, &[json, &mb], 404),
        ("POST /playground/session", token, &[json, &mb], 413),
        ("POST /livez", token, &[json, &mb], 405),
        ("GET /", token, &[&mb, "Accept-Encoding: gzip"], 200),
    ] {
        let head = head(request, token, lines);
        let bytes = if lines.contains(&three.as_str()) { 3 * MEGABYTE } else { MEGABYTE };
        assert_refused(&sent_whole(&server, &head, &vec![b'x'; bytes]).await, status, &head);
    }
    let broken = [b"no size\r\n".to_vec(), vec![b'x'; MEGABYTE]].concat();
    for (token, body, status) in [
        ("ng_1_unknown", &chunked(MEGABYTE), 401),
        ("ng_1_unknown", &chunked(100_000), 401),
        ("ng_1_unknown", &broken, 401),
        (token, &chunked(3 * MEGABYTE), 413),
    ] {
        let head = head(post, token, &[json, "Transfer-Encoding: chunked"]);
        assert_refused(&sent_whole(&server, &head, body).await, status, &head);
    }
    let head = head(post, token, &[json, "Transfer-Encoding: chunked"]);
    assert_refused(&sent_whole(&server, &head, &broken).await, 400, &head);
}

#[tokio::test]
async fn rate_limited_slow_and_oversized_requests_get_the_refusal() {
    let app = App::start().await;
    let client = reader(&app).await;
    let post = head("POST /graphql", client.token(), &["Content-Type: application/json", &length(MEGABYTE)]);
    let address_rate_limit = RateLimit { operations: 9, budget: 500, refill: 1 };
    let limited = Server::start(&app, &HttpSettings { address_rate_limit, ..HttpSettings::default() }).await;
    assert_refused(&sent_whole(&limited, &post, &vec![b'x'; MEGABYTE]).await, 429, "429");

    let server = Server::start(&app, &HttpSettings { body_timeout: SHORT, ..endless() }).await;
    let mut stream = server.connect().await;
    stream.write_all(format!("{post}{{").as_bytes()).await.unwrap();
    assert_refused(&answer(&mut stream).await, 408, "408");
    for _ in 0..20 {
        stream.write_all(&[b'x'; 10_000]).await.expect("the connection was reset");
        sleep(Duration::from_millis(5)).await;
    }

    let large = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "a".repeat(20_000));
    let answer = sent_whole(&server, &large, &vec![b'a'; MEGABYTE]).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// Reading the rest of a small body is cheaper than a new connection.
#[tokio::test]
async fn a_small_unread_body_keeps_the_connection_open() {
    let app = App::start().await;
    let client = reader(&app).await;
    let server = Server::start(&app, &endless()).await;
    let mut stream = server.connect().await;
    let json = "Content-Type: application/json";
    let size = length(20_000);
    for (request, token, kind, status) in [
        ("POST /graphql", "ng_1_unknown", json, 401),
        ("POST /graphql", client.token(), "Content-Type: multipart/form-data; boundary=x", 415),
        ("POST /nothing", "", json, 404),
    ] {
        let stays = |refused: &str| {
            assert!(refused.starts_with(&format!("HTTP/1.1 {status} ")), "{refused}");
            assert!(!refused.contains("\r\nconnection: "), "{refused}");
        };
        stream.write_all(head(request, token, &[kind, &size]).as_bytes()).await.unwrap();
        stays(&answer(&mut stream).await);
        stream.write_all(&[b'x'; 10_000]).await.unwrap();
        sleep(APART).await;
        // The next request follows the rest of the body.
        let next = head("GET /livez", "", &[]);
        stream.write_all(&[&[b'x'; 10_000], next.as_bytes()].concat()).await.unwrap();
        let answered = answer(&mut stream).await;
        assert!(answered.starts_with("HTTP/1.1 200 "), "{status}: {answered}");
        // The length of a chunked body is only known once it has been read.
        for bytes in [0, 10_000, 60_000] {
            let head = head(request, token, &[kind, "Transfer-Encoding: chunked"]);
            stream.write_all(&[head.as_bytes(), &chunked(bytes)].concat()).await.unwrap();
            stays(&answer(&mut stream).await);
        }
    }
}

/// A client that is not told would send the next request on this connection, and not know its result.
#[tokio::test]
async fn unfinished_chunks_close_the_connection_as_announced() {
    let app = App::start().await;
    let server = Server::start(&app, &endless()).await;
    for body in [chunked(80_000), b"5\r\nabc".to_vec(), Vec::new()] {
        let mut stream = server.connect().await;
        let head = head("POST /nothing", "", &["Transfer-Encoding: chunked"]);
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        let start = Instant::now();
        assert_refused(&answer(&mut stream).await, 404, &head);
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    }
}

/// A client that was told, or has said, that the connection closes cannot know the result of later requests on it.
#[tokio::test]
async fn requests_behind_the_last_one_are_not_executed() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    let server = Server::start(&app, &endless()).await;
    let json = "Content-Type: application/json";
    let body = r#"{"query": "mutation { noteCreate(input: { subject: \"behind\" }) { note { id } } }"}"#;
    let create = format!("{}{body}", head("POST /graphql", client.token(), &[json, &length(body.len())]));
    let small = "x".repeat(1_000);
    let large = "x".repeat(100_000);
    for (last, status) in [
        (head("GET /livez", "", &["Connection: close"]), 200),
        (head("GET /livez", "", &["Connection: keep-alive", "Connection: close"]), 200),
        (format!("{}{small}", head("POST /nothing", "", &[&length(1_000), "Connection: close"])), 404),
        (format!("{}{large}", head("POST /nothing", "", &[&length(100_000)])), 404),
        (format!("{}0\r\n\r\n", head("POST /nothing", "", &["Transfer-Encoding: chunked", "Connection: close"])), 404),
        (head("GET /livez", "", &["Host: y"]), 400),
        (head("POST /graphql", client.token(), &[json, "Transfer-Encoding: gzip, chunked"]) + "0\r\n\r\n", 400),
    ] {
        let mut stream = server.connect().await;
        stream.write_all(format!("{last}{create}{create}").as_bytes()).await.unwrap();
        let mut answered = String::new();
        timeout(AT_MOST, stream.read_to_string(&mut answered)).await.expect("it stays open").unwrap();
        assert_refused(&answered, status, &last);
        assert_eq!(answered.matches("HTTP/1.1 ").count(), 1, "{answered}");
    }
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 0);
    // On a connection that stays open, the same request is executed.
    let mut stream = server.connect().await;
    stream.write_all(format!("{}{create}", head("GET /livez", "", &[])).as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
    let made = async {
        while client.query("{ notes { totalCount } }").await["notes"]["totalCount"] != 1 {
            sleep(APART).await;
        }
    };
    timeout(AT_MOST, made).await.expect("not executed");
}

#[tokio::test]
async fn a_connection_kept_open_has_timeouts() {
    let app = App::start().await;
    let timeouts = ServerTimeouts::default();
    let timeouts = ServerTimeouts {
        connection: ConnectionTimeouts { idle: Duration::from_secs(1), ..timeouts.connection },
        ..timeouts
    };
    let server = Server::start_with(&app, &endless(), timeouts, ConnectionLimits::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(head("POST /nothing", "", &[&length(1_000)]).as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 404 "));
    stream.write_all(&[b'x'; 1_000]).await.unwrap();
    let read = timeout(AT_MOST, stream.read_to_end(&mut Vec::new())).await.expect("it may rest without end");
    assert_eq!(read.unwrap(), 0);
}

/// A server that asks for the body would have to wait for it.
#[tokio::test]
async fn a_refused_client_gets_no_100_continue() {
    let app = App::start().await;
    let client = reader(&app).await;
    let server = Server::start(&app, &endless()).await;
    let body = r#"{"query": "{ __typename }"}"#;
    let ask = |token: &str, size: usize| {
        head("POST /graphql", token, &["Content-Type: application/json", &length(size), "Expect: 100-continue"])
    };
    for (token, size, status) in [("ng_1_unknown", body.len(), 401), (client.token(), 3 * MEGABYTE, 413)] {
        let mut stream = server.connect().await;
        stream.write_all(ask(token, size).as_bytes()).await.unwrap();
        let mut refused = String::new();
        let read = timeout(Duration::from_secs(4), stream.read_to_string(&mut refused)).await;
        read.expect("the server waits for the body").unwrap();
        assert_refused(&refused, status, "100-continue");
    }
    let mut stream = server.connect().await;
    stream.write_all(ask(client.token(), body.len()).as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    timeout(AT_MOST, stream.read_exact(&mut asked)).await.expect("not asked").unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_draining_connection_counts_until_it_is_closed() {
    let app = App::start().await;
    let admission = ConnectionLimits { per_address: 1, ..ConnectionLimits::default() };
    let server = Server::start_with(&app, &endless(), ServerTimeouts::default(), admission).await;
    let refused = head("POST /nothing", "", &[&length(MEGABYTE)]);
    let mut first = server.connect().await;
    first.write_all(refused.as_bytes()).await.unwrap();
    assert_refused(&answer(&mut first).await, 404, "the first");
    let mut second = server.connect().await;
    let _ = second.write_all(head("GET /livez", "", &[]).as_bytes()).await;
    let mut nothing = Vec::new();
    let _ = timeout(AT_MOST, second.read_to_end(&mut nothing)).await.expect("the server does not let go");
    assert!(nothing.is_empty(), "{}", String::from_utf8_lossy(&nothing));
    drop(first);
    let again = async {
        loop {
            let mut third = server.connect().await;
            let _ = third.write_all(head("GET /livez", "", &[]).as_bytes()).await;
            if third.read_exact(&mut [0; 12]).await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    // Sooner than the server gives up on a client by itself.
    timeout(Duration::from_secs(4), again).await.expect("it counts longer than it is there");
}

#[tokio::test]
async fn a_stopping_server_does_not_wait_for_draining_connections() {
    let app = App::start().await;
    let timeouts = ServerTimeouts { stop_delay: Duration::ZERO, requests: AT_MOST, ..ServerTimeouts::default() };
    let server = Server::start_with(&app, &endless(), timeouts, ConnectionLimits::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(head("POST /nothing", "", &[&length(100 * MEGABYTE)]).as_bytes()).await.unwrap();
    assert_refused(&answer(&mut stream).await, 404, "404");
    let trickle = tokio::spawn(async move {
        while stream.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    sleep(APART).await;
    server.stop.send(()).unwrap();
    timeout(Duration::from_secs(10), server.ended).await.expect("the server does not end").unwrap();
    trickle.abort();
}
