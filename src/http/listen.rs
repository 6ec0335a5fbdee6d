//! Taking connections, and giving them time to end.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long a client may take to send the head of a request, and how long a connection may rest between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until `stop` is ready; then takes no more connections, lets the requests that run come to their end, for at
/// most `patience`, and returns.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>, patience: Duration) {
    let (stopping, watcher) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), watcher.clone()));
                }
                Err(error) => {
                    // Most likely out of file descriptors; asking again at once would only burn time.
                    tracing::error!(cause = %error, "cannot take a connection");
                    sleep(Duration::from_secs(1)).await;
                }
            },
            // Ended connections are forgotten as they end.
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let _ = stopping.send(());
    let ended = timeout(patience, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(connections = connections.len(), "leaving connections that did not end in time");
    }
}

async fn connection(stream: TcpStream, router: Router, mut stopping: watch::Receiver<()>) {
    // An answer is written at once; waiting to fill a packet would only delay it.
    let _ = stream.set_nodelay(true);
    // Browsers open connections ahead of need. One that has said nothing may be dropped at any time, which the HTTP
    // library does not do by itself.
    tokio::select! {
        readable = timeout(HEAD_TIMEOUT, stream.readable()) => if !matches!(readable, Ok(Ok(()))) { return },
        _ = stopping.changed() => return,
    }
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(cause = %error, "a connection broke off");
    }
}
