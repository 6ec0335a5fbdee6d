//! An identity provider that uses TLS, with a certificate that is trusted or not.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::get;
use axum::serve::Listener;
use jsonwebtoken::Algorithm;
use serde_json::json;
use testkit::App;
use testkit::process::{Process, post, program};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

use super::provider::Pair;
use super::{AUDIENCE, ISSUER, VIEWER, ann, with};

struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, peer) = self.listener.accept().await.unwrap();
            // A client that does not trust the certificate hangs up.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Publishes a key over TLS. Returns the address and the certificate to trust.
async fn provider(pair: &Pair) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}/keys", listener.local_addr().unwrap());
    let listener = TlsListener { listener, acceptor: TlsAcceptor::from(Arc::new(config.unwrap())) };
    let keys = json!({ "keys": [pair.public] }).to_string();
    let router = Router::new().route("/keys", get(async move || keys));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, made.cert.pem())
}

fn arguments(address: &str) -> [&str; 10] {
    [
        "--jwks",
        address,
        "--jwt-issuer",
        ISSUER,
        "--jwt-audience",
        AUDIENCE,
        "--jwt-company",
        "Acme",
        "--jwt-scope",
        "notes:read=READ",
    ]
}

#[tokio::test]
async fn keys_are_fetched_over_tls_from_trusted_servers() {
    let app = App::start().await;
    ann(&app).await;
    let pair = Pair::new(Algorithm::RS256, "one");
    let (address, certificate) = provider(&pair).await;
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, certificate).unwrap();
    let mut command = Command::new("/usr/bin/env");
    command.arg(format!("SSL_CERT_FILE={}", trusted.display())).arg(program());
    let server = Process::serve_by(command, app.database_url(), &arguments(&address)).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = pair.sign(&pair.header(), &with(&json!({ "iat": now, "exp": now + 600 })));
    let body = json!({ "query": VIEWER }).to_string();
    let answer = server.exchange(&post(&token, &body)).await;
    assert!(answer.contains("\"username\":\"ann\""), "{answer}");

    // Without the certificate nobody is authenticated, and the log says why.
    let server = Process::serve(app.database_url(), &arguments(&address)).await;
    let answer = server.exchange(&post(&token, &body)).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && !answer.contains("ann"), "{answer}");
    server.terminate().await;
    let (_, log) = server.ended().await;
    assert!(log.contains("certificate"), "{log}");
}
