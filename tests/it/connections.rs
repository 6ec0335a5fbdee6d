//! Connections: how slow a client may be, what happens if it sends too much, and how they end with the server.

use std::net::SocketAddr;
use std::time::Duration;

use notegraph::http::{ConnectionLimits, ConnectionTimeouts, HttpSettings, ServerTimeouts, router, serve};
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use testkit::{App, Client};

/// Timeout of every wait, so that a test that hangs fails.
const AT_MOST: Duration = Duration::from_mins(1);
const LONG: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_millis(300);
/// Timeouts that no client of these tests reaches.
const PATIENT: ServerTimeouts = ServerTimeouts {
    connection: ConnectionTimeouts { idle: LONG, head: LONG, answer: LONG },
    stop_delay: Duration::ZERO,
    requests: LONG,
};

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(app: &App, settings: &HttpSettings, timeouts: ServerTimeouts) -> Self {
        Self::admitting(app, settings, timeouts, ConnectionLimits::default()).await
    }

    async fn admitting(
        app: &App,
        settings: &HttpSettings,
        timeouts: ServerTimeouts,
        admission: ConnectionLimits,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let router = router(app.context().clone(), schema::build(), settings);
        let stopped = async { drop(stopped.await) };
        Self { address, stop, ended: tokio::spawn(serve(listener, router, stopped, timeouts, admission)) }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn get(&self, path: &str) -> String {
        let mut stream = self.connect().await;
        let asked = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        // A connection that was not admitted may be closed by now.
        let _ = stream.write_all(asked.as_bytes()).await;
        rest(&mut stream).await
    }
}

fn head(client: &Client, length: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n{length}\r\n\r\n",
        client.token()
    )
}

fn request(client: &Client, document: &str) -> String {
    let body = json!({ "query": document }).to_string();
    format!("{}{body}", head(client, &format!("Content-Length: {}", body.len())))
}

/// Everything that arrives until the server closes or resets the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(AT_MOST, stream.read_to_end(&mut bytes)).await.expect("the server does not let go");
    String::from_utf8(bytes).unwrap()
}

/// The body of one response, on a connection that stays open.
async fn answer(stream: &mut TcpStream) -> Value {
    let mut bytes = Vec::new();
    loop {
        let read = timeout(AT_MOST, stream.read_buf(&mut bytes)).await.expect("no answer").unwrap();
        assert_ne!(read, 0, "closed after {} bytes", bytes.len());
        let text = String::from_utf8_lossy(&bytes);
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            return body;
        }
    }
}

async fn reader(app: &App) -> Client {
    app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await
}

#[tokio::test]
async fn silent_connections_are_closed() {
    let app = App::start().await;
    let client = reader(&app).await;
    let connection = ConnectionTimeouts { idle: SHORT, ..PATIENT.connection };
    let server = Server::start(&app, &HttpSettings::default(), ServerTimeouts { connection, ..PATIENT }).await;
    assert_eq!(rest(&mut server.connect().await).await, "");
    // The same holds for a connection that was used, after its last response.
    let mut stream = server.connect().await;
    for _ in 0..2 {
        stream.write_all(request(&client, "{ __typename }").as_bytes()).await.unwrap();
        assert_eq!(answer(&mut stream).await["data"]["__typename"], "Query");
    }
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn connections_above_the_limit_are_refused() {
    let app = App::start().await;
    let client = reader(&app).await;
    let admission = ConnectionLimits { per_address: 2, ..ConnectionLimits::default() };
    let server = Server::admitting(&app, &HttpSettings::default(), PATIENT, admission).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    for stream in [&mut first, &mut second] {
        stream.write_all(request(&client, "{ __typename }").as_bytes()).await.unwrap();
        assert_eq!(answer(stream).await["data"]["__typename"], "Query");
    }
    assert_eq!(rest(&mut server.connect().await).await, "");
    drop(first);
    // The server notices the closed connection with a delay.
    let again = async {
        while !server.get("/livez").await.starts_with("HTTP/1.1 200 ") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(AT_MOST, again).await.expect("nobody is let in again");
    drop(second);
}

#[tokio::test]
async fn a_slow_head_closes_the_connection() {
    let app = App::start().await;
    let client = reader(&app).await;
    let connection = ConnectionTimeouts { head: SHORT, ..PATIENT.connection };
    let server = Server::start(&app, &HttpSettings::default(), ServerTimeouts { connection, ..PATIENT }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /graphql HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    // Sending single bytes does not help, nor does an earlier complete request.
    let mut stream = server.connect().await;
    stream.write_all(request(&client, "{ __typename }").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await["data"]["__typename"], "Query");
    let (mut reading, mut writing) = stream.into_split();
    let trickle = async {
        loop {
            if writing.write_all(b"G").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut bytes = Vec::new();
    let end = async { drop(reading.read_to_end(&mut bytes).await) };
    timeout(AT_MOST, async {
        tokio::select! { () = end => (), () = trickle => () }
    })
    .await
    .expect("never cut");
}

#[tokio::test]
async fn a_slow_body_is_refused_and_closes_the_connection() {
    let app = App::start().await;
    let client = reader(&app).await;
    let settings = HttpSettings { body_timeout: SHORT, ..HttpSettings::default() };
    let server = Server::start(&app, &settings, PATIENT).await;
    let mut stream = server.connect().await;
    stream.write_all(head(&client, "Content-Length: 100").as_bytes()).await.unwrap();
    stream.write_all(b"{").await.unwrap();
    let refused = rest(&mut stream).await;
    assert!(refused.starts_with("HTTP/1.1 408 ") && refused.contains("\"TIMEOUT\""), "{refused}");
}

/// The response is larger than the system's buffers for a connection.
#[tokio::test]
async fn an_unread_response_closes_the_connection() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    let note = acme.note(|note| note.details = Some("x".repeat(250_000))).await;
    let many: Vec<String> = (0..100).map(|n| format!("a{n}: note(id: {}) {{ details }}", note.id)).collect();
    let document = format!("{{ {} }}", many.join(" "));
    let connection = ConnectionTimeouts { answer: Duration::from_secs(5), ..PATIENT.connection };
    let server = Server::start(&app, &HttpSettings::default(), ServerTimeouts { connection, ..PATIENT }).await;

    let mut reads = server.connect().await;
    reads.write_all(request(&client, &document).as_bytes()).await.unwrap();
    let mut all = vec![0; 25_000_000];
    timeout(AT_MOST, reads.read_exact(&mut all)).await.expect("no answer").unwrap();

    let mut waits = server.connect().await;
    waits.write_all(request(&client, &document).as_bytes()).await.unwrap();
    // The server ends when no connection is left.
    server.stop.send(()).unwrap();
    timeout(AT_MOST, server.ended).await.expect("the connection is held").unwrap();
    assert!(rest(&mut waits).await.len() < 25_000_000);
}

/// The client sends everything without waiting, and still learns why it was refused.
#[tokio::test]
async fn a_hundred_megabytes_are_refused() {
    let app = App::start().await;
    let client = reader(&app).await;
    let server = Server::start(&app, &HttpSettings::default(), PATIENT).await;
    let total = 100 << 20;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for length in [format!("Content-Length: {total}"), "Transfer-Encoding: chunked".to_owned()] {
        let stream = server.connect().await;
        let (mut reading, mut writing) = stream.into_split();
        let send = async {
            writing.write_all(head(&client, &length).as_bytes()).await.unwrap();
            for _ in 0..total / 0x10000 {
                if writing.write_all(chunk.as_bytes()).await.is_err() {
                    return;
                }
            }
        };
        let mut refused = Vec::new();
        let receive = async { drop(reading.read_to_end(&mut refused).await) };
        timeout(AT_MOST, async { tokio::join!(send, receive) }).await.expect("the server does not let go");
        let refused = String::from_utf8(refused).unwrap();
        assert!(refused.starts_with("HTTP/1.1 413 ") && refused.contains("BODY_TOO_LARGE"), "{length}: {refused}");
    }
}

#[tokio::test]
async fn a_stopping_server_reports_it_first_and_answers_accepted_requests() {
    let app = App::start().await;
    let client = reader(&app).await;
    let timeouts = ServerTimeouts { stop_delay: SHORT, ..PATIENT };
    let server = Server::start(&app, &HttpSettings::default(), timeouts).await;
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 200 "));
    // Nobody can write a note while this transaction is open.
    let lock = app.db().begin().await.unwrap();
    if app.db().backend() == sea_orm::DatabaseBackend::Postgres {
        lock.execute_unprepared("LOCK TABLE note IN EXCLUSIVE MODE").await.unwrap();
    }
    let mut idle = server.connect().await;
    idle.write_all(request(&client, "{ __typename }").as_bytes()).await.unwrap();
    answer(&mut idle).await;
    let mut running = Vec::new();
    for _ in 0..50 {
        let mut stream = server.connect().await;
        let document = r#"mutation { noteCreate(input: { subject: "in flight" }) { note { subject } } }"#;
        stream.write_all(request(&client, document).as_bytes()).await.unwrap();
        running.push(stream);
    }
    let Server { address, stop, ended } = server;
    stop.send(()).unwrap();
    // It still accepts requests, and says that it is about to stop.
    let mut turned = false;
    while let Ok(mut stream) = TcpStream::connect(address).await {
        if stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.is_err() {
            break;
        }
        turned |= rest(&mut stream).await.starts_with("HTTP/1.1 503 ");
    }
    assert!(turned, "not ready before it took no more");
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed");
    assert!(!ended.is_finished());
    lock.commit().await.unwrap();
    for mut stream in running {
        assert_eq!(answer(&mut stream).await["data"]["noteCreate"]["note"]["subject"], "in flight");
    }
    timeout(AT_MOST, ended).await.expect("the server does not end").unwrap();
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 50);
}
