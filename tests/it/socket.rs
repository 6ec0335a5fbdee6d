//! A server on a socket, for tests of what HTTP libraries do not send or hide.

use std::net::SocketAddr;
use std::time::Duration;

use notegraph::http::{ConnectionLimits, HttpSettings, ServerTimeouts, serve, service};
use notegraph::scheduling::runtime::OperationRuntime;
use notegraph::schema;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use testkit::App;

/// Maximum time until the server lets go of a connection.
pub const AT_MOST: Duration = Duration::from_mins(1);

/// Starts a server that runs as long as the test.
pub async fn listen(app: &App, settings: &HttpSettings) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = service(app.context().clone(), schema::build(), settings, OperationRuntime::current());
    tokio::spawn(serve(
        listener,
        service,
        std::future::pending(),
        ServerTimeouts::default(),
        ConnectionLimits::default(),
    ));
    address
}

/// Sends bytes, and returns everything that arrives until the server closes the connection.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut response = Vec::new();
    let (mut reading, mut writing) = stream.split();
    // The server may close the connection of a refused request before everything is sent.
    let send = async { drop(writing.write_all(bytes).await) };
    let receive = async { drop(reading.read_to_end(&mut response).await) };
    timeout(AT_MOST, async { tokio::join!(send, receive) }).await.expect("the server does not let go");
    String::from_utf8(response).unwrap()
}
