//! Taking connections, and giving them time to end.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::Service;

use super::admission::{Admission, Open};
use super::connection::{Pace, Paced, Phase};
use super::limits::Visit;

/// How much time clients have.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub pace: Pace,
    /// How long the server still serves after it was told to stop, while it says that it is not ready.
    pub stop_delay: Duration,
    /// How long requests that run then have to end.
    pub requests: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            pace: Pace { idle: Duration::from_mins(1), head: Duration::from_secs(10), answer: Duration::from_mins(1) },
            stop_delay: Duration::from_secs(1),
            requests: Duration::from_secs(30),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Serving,
    /// Still serving; whoever spreads requests over instances is told to leave this one out.
    Stopping,
    /// No more requests are taken.
    Ending,
}

/// Serves until `stop` is ready, then as long as `patience` says; then takes no more connections, lets the requests
/// that run come to their end, and returns.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    patience: Patience,
    admission: Admission,
) {
    let open = Open::new(admission);
    let (stage, watcher) = watch::channel(Stage::Serving);
    let mut connections = JoinSet::new();
    let mut stopped = pin!(async {
        stop.await;
        stage.send_replace(Stage::Stopping);
        sleep(patience.stop_delay).await;
    });
    loop {
        tokio::select! {
            () = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let Some(place) = open.enter(peer.ip(), connections.len()) else {
                        tracing::debug!(%peer, "there are too many connections: this one is closed");
                        continue;
                    };
                    let connection =
                        connection(stream, peer.ip(), router.clone(), patience.pace, watcher.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
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
    stage.send_replace(Stage::Ending);
    let ended = timeout(patience.requests, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(connections = connections.len(), "leaving connections that did not end in time");
    }
}

/// Ready when no more requests are taken.
async fn ending(stage: &mut watch::Receiver<Stage>) {
    let _ = stage.wait_for(|stage| *stage == Stage::Ending).await;
}

async fn connection(stream: TcpStream, peer: IpAddr, router: Router, pace: Pace, mut stage: watch::Receiver<Stage>) {
    // An answer is written at once; waiting to fill a packet would only delay it.
    let _ = stream.set_nodelay(true);
    // Browsers open connections ahead of need. One that has said nothing may be dropped at any time, which the HTTP
    // library does not do by itself.
    tokio::select! {
        // Who has asked is answered, also where the end came at the same time.
        biased;
        readable = timeout(pace.idle, stream.readable()) => if !matches!(readable, Ok(Ok(()))) { return },
        () = ending(&mut stage) => return,
    }
    let phase = Phase::default();
    let service = service_fn({
        let (phase, stage) = (phase.clone(), stage.clone());
        move |mut request: hyper::Request<Incoming>| {
            let busy = phase.begin();
            request.extensions_mut().insert(Visit { peer, stopping: *stage.borrow() != Stage::Serving });
            let answer = router.clone().call(request);
            async move { Ok::<Response<Body>, Infallible>(answer.await?.map(|body| busy.until_taken(body))) }
        }
    });
    let stream = TokioIo::new(Paced::new(stream, pace, phase));
    let mut connection = pin!(http1::Builder::new().serve_connection(stream, service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = ending(&mut stage) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(cause = %error, "a connection broke off");
    }
}
