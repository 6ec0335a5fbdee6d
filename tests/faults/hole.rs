//! Connections that silently lead nowhere, as when a firewall forgets them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use testkit::process::Process;
use testkit::{Database, Engine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

use crate::run::Run;
use crate::site::Site;
use crate::wire::Wire;

/// A proxy in front of a server that can swallow what is sent on its existing connections.
struct Hole {
    address: SocketAddr,
    /// Number of times the hole was opened; connections from before stay silent.
    opened: watch::Sender<u32>,
}

impl Hole {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (opened, watcher) = watch::channel(0);
        let server = Arc::new(server);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, mut opened) = (Arc::clone(&server), watcher.clone());
                opened.mark_unchanged();
                tokio::spawn(async move {
                    let server = TcpStream::connect(server.as_str()).await.unwrap();
                    let (mut of_client, mut to_client) = client.into_split();
                    let (mut of_server, mut to_server) = server.into_split();
                    tokio::select! {
                        _ = tokio::io::copy(&mut of_client, &mut to_server) => return,
                        _ = tokio::io::copy(&mut of_server, &mut to_client) => return,
                        _ = opened.changed() => {}
                    }
                    // The server does not learn of it either, until the client closes its end.
                    let mut bytes = [0; 1024];
                    while let Ok(1..) = of_client.read(&mut bytes).await {}
                    let _ = to_server.shutdown().await;
                });
            }
        });
        Self { address, opened }
    }

    fn open(&self) {
        self.opened.send_modify(|opened| *opened += 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_connections_are_abandoned() {
    let Some(engine) = Engine::postgres() else { return };
    let run = Run::begin("connections into nowhere").await;
    let database = Database::migrated(&engine).await;
    let site = Site::at(database.url()).await;
    let mut url = Url::parse(database.url()).unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let hole = Hole::before(server).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(hole.address.port())).unwrap();
    let process =
        Process::serve(url.as_str(), &["--statement-timeout", "1", "--request-timeout", "60", "--stop-delay", "0"])
            .await;
    let ask = async || {
        let mut wire = Wire::connect(process.address, &site.token).await.unwrap();
        wire.ask("{ notes { totalCount } }", json!({})).await.unwrap()
    };
    for _ in 0..2 {
        let before = join_all((0..8).map(|_| ask())).await;
        assert!(before.iter().all(|answer| answer.data().is_some()), "{before:?}");
        hole.open();
        let start = Instant::now();
        let after = join_all((0..8).map(|_| ask())).await;
        assert!(after.iter().all(|answer| answer.data().is_some()), "{after:?}");
        run.promised("the way around", start.elapsed(), Duration::from_secs(5));
    }
}
