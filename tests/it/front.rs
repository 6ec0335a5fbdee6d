//! The threads that keep the server alive do not wait for those that execute operations, all of which are stuck here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use notegraph::http::{ConnectionLimits, HttpSettings, ServerTimeouts, serve, service};
use notegraph::scheduling::runtime::OperationRuntime;
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use testkit::process::post;
use testkit::{App, Client};

/// Timeout of every wait, so that a test that hangs fails.
const AT_MOST: Duration = Duration::from_mins(1);
const THREADS: usize = 2;

/// Threads that can be blocked until this is dropped.
struct Threads {
    runtime: Option<Runtime>,
    release: Arc<AtomicBool>,
}

impl Threads {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().unwrap();
        Self { runtime: Some(runtime), release: Arc::default() }
    }

    fn work(&self) -> OperationRuntime {
        OperationRuntime::with_handle(self.runtime.as_ref().unwrap().handle().clone(), THREADS)
    }

    /// Blocks every thread with an endless computation.
    async fn get_stuck(&self) {
        let stuck = Arc::new(AtomicUsize::new(0));
        for _ in 0..THREADS {
            let (stuck, release) = (Arc::clone(&stuck), Arc::clone(&self.release));
            self.work().spawn(async move {
                stuck.fetch_add(1, Ordering::Relaxed);
                while !release.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        while stuck.load(Ordering::Relaxed) < THREADS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.release.store(true, Ordering::Relaxed);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(app: &App, work: OperationRuntime, settings: &HttpSettings, timeouts: ServerTimeouts) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let service = service(app.context().clone(), schema::build(), settings, work);
    let stopped = async { drop(stopped.await) };
    let ended = tokio::spawn(serve(listener, service, stopped, timeouts, ConnectionLimits::default()));
    Server { address, stop, ended }
}

/// The response to a request that closes the connection.
async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(AT_MOST, stream.read_to_end(&mut answer)).await.expect("the server does not let go");
    String::from_utf8(answer).unwrap()
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes()
}

fn ask(client: &Client) -> Vec<u8> {
    post(client.token(), r#"{"query": "{ viewer { scopes } }"}"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_files_and_shutdown_wait_for_no_operation() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let threads = Threads::new();
    let settings = HttpSettings { request_timeout: Duration::from_secs(1), ..HttpSettings::default() };
    let timeouts = ServerTimeouts {
        stop_delay: Duration::ZERO,
        requests: Duration::from_millis(300),
        ..ServerTimeouts::default()
    };
    let server = start(&app, threads.work(), &settings, timeouts).await;
    assert!(exchange(server.address, &ask(&client)).await.starts_with("HTTP/1.1 200 "));

    threads.get_stuck().await;
    for path in ["/livez", "/readyz", "/"] {
        let request = String::from_utf8(get(path)).unwrap().replace("Host", "Accept-Encoding: gzip\r\nHost");
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        timeout(AT_MOST, stream.read_exact(&mut status)).await.expect("no answer").unwrap();
        assert_eq!(&status, b"HTTP/1.1 200", "{path}");
    }
    assert!(exchange(server.address, &get("/nothing")).await.starts_with("HTTP/1.1 404 "));
    assert!(exchange(server.address, &post("ng_1", "{}")).await.starts_with("HTTP/1.1 401 "));
    let answer = exchange(server.address, &ask(&client)).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"TIMEOUT\""), "{answer}");

    // A request that runs when the server is told to stop gets an error, and the server ends.
    let mut waits = TcpStream::connect(server.address).await.unwrap();
    waits.write_all(&ask(&client)).await.unwrap();
    assert!(exchange(server.address, &get("/readyz")).await.starts_with("HTTP/1.1 200 "));
    server.stop.send(()).unwrap();
    timeout(AT_MOST, server.ended).await.expect("the server does not end").unwrap();
    let answer = rest(&mut waits).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"UNAVAILABLE\""), "{answer}");
}

/// All database connections that operations may use are taken.
#[tokio::test]
async fn readiness_has_its_own_connection() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let server = start(&app, OperationRuntime::current(), &HttpSettings::default(), ServerTimeouts::default()).await;
    // More statements than connections, each longer than this test.
    let long = match app.db().backend() {
        DatabaseBackend::Postgres => "SELECT pg_sleep(10)",
        _ => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    };
    let mut held = JoinSet::new();
    for _ in 0..20 {
        let (db, statement) = (app.db().clone(), Statement::from_string(app.db().backend(), long));
        held.spawn(async move { db.read().query_one_raw(statement).await.map(drop) });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(held.len(), 20);
    assert!(held.try_join_next().is_none(), "all of them wait, or run");
    for _ in 0..3 {
        assert!(exchange(server.address, &get("/readyz")).await.starts_with("HTTP/1.1 200 "));
        // Longer than a result of the check is reused.
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(held.try_join_next().is_none());
    held.shutdown().await;
    assert!(exchange(server.address, &ask(&client)).await.starts_with("HTTP/1.1 200 "));
    // A closed database is not ready, and nothing reopens it.
    app.db().clone().close().await.unwrap();
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(exchange(server.address, &get("/readyz")).await.starts_with("HTTP/1.1 503 "));
}

/// A stopping server abandons clients that do nothing, whatever they have begun.
#[tokio::test]
async fn idle_clients_do_not_delay_the_shutdown() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let client = acme.user("ann").await.token(&[Scope::Read]).await;
    let note = acme.note(|note| note.details = Some("x".repeat(250_000))).await;
    let long = Duration::from_hours(1);
    let timeouts = ServerTimeouts { stop_delay: Duration::ZERO, requests: long, ..ServerTimeouts::default() };
    let server = start(&app, OperationRuntime::current(), &HttpSettings::default(), timeouts).await;
    let mut begun = Vec::new();
    let many: Vec<String> = (0..60).map(|n| format!("a{n}: note(id: {}) {{ details }}", note.id)).collect();
    let unread = post(client.token(), &serde_json::json!({ "query": format!("{{ {} }}", many.join(" ")) }).to_string());
    for bytes in [&b""[..], b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", &unread] {
        for _ in 0..5 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            begun.push(stream);
        }
    }
    // The server has accepted the others by then.
    assert!(exchange(server.address, &get("/livez")).await.starts_with("HTTP/1.1 200 "));
    server.stop.send(()).unwrap();
    timeout(AT_MOST, server.ended).await.expect("the server does not end").unwrap();
}
