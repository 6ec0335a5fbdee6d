//! A server with sockets, and a client that sends and receives their messages one by one.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use notegraph::http::{ConnectionLimits, HttpSettings, RateLimit, ServerTimeouts, SocketLimits, serve, service};
use notegraph::meter::OperationLimits;
use notegraph::scheduling::runtime::OperationRuntime;
use notegraph::schema;
use serde_json::{Value, json};
use testkit::{App, ENDLESS};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// Timeout of every wait, so that a test that hangs fails.
pub const AT_MOST: Duration = Duration::from_mins(1);
/// A time that no test waits for.
pub const LONG: Duration = Duration::from_mins(10);

/// Limits that no test reaches by itself.
pub const PATIENT: SocketLimits = SocketLimits {
    per_address: 1_000,
    per_token: 1_000,
    operations: 1_000,
    subscriptions_per_token: 1_000,
    message_bytes: 256 << 10,
    init_timeout: LONG,
    keep_alive: LONG,
    check_interval: LONG,
};

/// Settings of a server with these limits of sockets.
pub fn settings(sockets: SocketLimits) -> HttpSettings {
    HttpSettings {
        sockets,
        token_rate_limit: ENDLESS,
        address_rate_limit: RateLimit { ..ENDLESS },
        usage: OperationLimits { database: LONG, cpu: LONG, answer_bytes: 32 << 20, values: 1_000_000 },
        ..HttpSettings::default()
    }
}

pub struct Server {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    pub async fn start(app: &App, settings: &HttpSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let service = service(app.context().clone(), schema::build(), settings, OperationRuntime::current());
        let stopped = async { drop(stopped.await) };
        let timeouts = ServerTimeouts { stop_delay: Duration::ZERO, requests: LONG, ..ServerTimeouts::default() };
        Self {
            address,
            stop,
            ended: tokio::spawn(serve(listener, service, stopped, timeouts, ConnectionLimits::default())),
        }
    }

    /// Tells the server to stop; the future is ready when it has.
    pub fn stop(self) -> impl Future<Output = ()> {
        self.stop.send(()).unwrap();
        async { timeout(AT_MOST, self.ended).await.expect("the server does not stop").unwrap() }
    }

    /// A request for an upgrade.
    pub fn request(&self) -> Request {
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        request
    }

    /// Opens a socket, or returns the status and the code of the refusal.
    pub async fn open(&self, request: Request) -> Result<Socket, (u16, String)> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        match timeout(AT_MOST, client_async(request, stream)).await.expect("no answer to the upgrade") {
            Ok((socket, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], "graphql-transport-ws");
                Ok(Socket(socket))
            }
            Err(Error::Http(response)) => {
                let body: Value =
                    serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap_or_default();
                let code = body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
                Err((response.status().as_u16(), code.to_owned()))
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// A socket that the server has not acknowledged.
    pub async fn connect(&self) -> Socket {
        self.open(self.request()).await.unwrap()
    }

    /// A socket that is ready for operations.
    pub async fn ready(&self, token: &str) -> Socket {
        let mut socket = self.connect().await;
        socket.init(token).await;
        assert_eq!(socket.receive().await, json!({ "type": "connection_ack" }));
        socket
    }
}

pub struct Socket(pub WebSocketStream<TcpStream>);

impl Socket {
    pub async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// Sends messages in one piece, so that the server has read the last when it handles the first.
    pub async fn send_together(&mut self, messages: &[Value]) {
        for message in messages {
            self.0.feed(Message::text(message.to_string())).await.unwrap();
        }
        self.0.flush().await.unwrap();
    }

    pub async fn init(&mut self, token: &str) {
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
    }

    pub async fn subscribe(&mut self, id: &str, document: &str) {
        self.send(subscribe(id, document)).await;
    }

    /// The next frame other than pings.
    async fn frame(&mut self) -> Option<Message> {
        loop {
            match timeout(AT_MOST, self.0.next()).await.expect("nothing arrives") {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(frame)) => return Some(frame),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next message.
    pub async fn receive(&mut self) -> Value {
        match self.frame().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The code with which the server closes the socket, and nothing else.
    pub async fn closed(&mut self) -> u16 {
        match self.frame().await {
            Some(Message::Close(Some(frame))) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }
}

pub fn subscribe(id: &str, document: &str) -> Value {
    json!({ "type": "subscribe", "id": id, "payload": { "query": document } })
}

pub fn complete(id: &str) -> Value {
    json!({ "type": "complete", "id": id })
}
