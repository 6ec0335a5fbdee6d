//! Taking connections, and giving them time to end.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tower::Service;

use super::admission::{Admission, Open, Place};
use super::connection::{Pace, Paced};
use super::head::OverConnection;
use super::limits::{Limits, Visit};
use super::phase::Phase;
use super::request_body;
use crate::watchdog::watched;

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

/// How long requests have, that were refused at the end, to tell their clients.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// How long a client may do nothing when the server ends: neither send what is missing of a request, nor take its answer.
const STALLED: Duration = Duration::from_secs(1);
/// The largest head of a request, in bytes; also how much of a body is read at a time. A JSON web token may have two
/// thirds of it.
const MAX_HEAD: usize = 24 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Serving,
    /// Still serving; whoever spreads requests over instances is told to leave this one out.
    Stopping,
    /// No more requests are taken; those that run are refused at this time.
    Ending {
        until: Instant,
    },
}

/// Tells those who answer a request when the server gives it up.
#[derive(Clone, Debug)]
pub struct End(watch::Receiver<Stage>);

impl End {
    /// Ready when the request should be refused, as the server ends.
    pub async fn reached(mut self) {
        let ending = self.0.wait_for(|stage| matches!(stage, Stage::Ending { .. })).await.map(|stage| *stage);
        // Where there is no stage any more, nobody serves.
        let Ok(Stage::Ending { until }) = ending else { return };
        sleep_until(until).await;
    }
}

/// What is served, and where connections are paid for.
pub struct Site {
    pub router: Router,
    /// The accounts that requests are paid from, too.
    pub limits: Option<Arc<Limits>>,
}

impl From<Router> for Site {
    fn from(router: Router) -> Self {
        Self { router, limits: None }
    }
}

/// Serves until `stop` is ready, then as long as `patience` says; then takes no more connections, lets the requests
/// that run come to their end, and returns.
pub async fn serve(
    listener: TcpListener,
    site: impl Into<Site>,
    stop: impl Future<Output = ()>,
    patience: Patience,
    admission: Admission,
) {
    let Site { router, limits } = site.into();
    bound_unsent(&listener);
    let open = Open::new(admission, limits);
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
                        connection(stream, peer.ip(), router.clone(), patience.pace, watcher.clone(), place);
                    connections.spawn(watched("connection", connection));
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
    let until = Instant::now() + patience.requests;
    stage.send_replace(Stage::Ending { until });
    let ended = timeout_at(until + LAST_WORDS, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(connections = connections.len(), "leaving connections that did not end in time");
    }
}

/// Bounds what the system takes of answers that their clients do not read, for all connections that the listener accepts
/// (`TCP_NOTSENT_LOWAT`, which they inherit). Without a bound it takes megabytes for each of them, and copying those keeps
/// the threads that serve everybody.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bound_unsent(listener: &TcpListener) {
    const BYTES: u32 = 128 << 10;
    if let Err(error) = socket2::SockRef::from(listener).set_tcp_notsent_lowat(BYTES) {
        tracing::warn!(cause = %error, "the system does not bound what it takes of answers that nobody reads");
    }
}

/// Other systems bound the whole buffer of a connection by themselves.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bound_unsent(_: &TcpListener) {}

/// Ready when no more requests are taken.
async fn ending(stage: &mut watch::Receiver<Stage>) {
    let _ = stage.wait_for(|stage| matches!(stage, Stage::Ending { .. })).await;
}

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    router: Router,
    pace: Pace,
    mut stage: watch::Receiver<Stage>,
    admitted: Place,
) {
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
        move |request: hyper::Request<Incoming>| {
            let busy = Arc::new(phase.begin());
            let stopping = *stage.borrow() != Stage::Serving;
            let (mut request, loan) = request_body::lend(request, &phase);
            let extensions = request.extensions_mut();
            extensions.insert(Visit { peer, stopping });
            extensions.insert(OverConnection);
            extensions.insert(End(stage.clone()));
            let answer = router.clone().call(request);
            async move {
                let mut answer: Response<Body> = answer.await?;
                if let Some(loan) = loan {
                    loan.end(&mut answer, &busy).await;
                }
                Ok::<_, Infallible>(answer.map(|body| busy.until_taken(body)))
            }
        }
    });
    let stream = TokioIo::new(Paced::new(stream, pace, phase.clone(), admitted.payer().clone()));
    let mut connection = http1::Builder::new().max_buf_size(MAX_HEAD).serve_connection(stream, service);
    let ended = tokio::select! {
        biased;
        ended = drive(Pin::new(&mut connection), &phase) => Some(ended),
        () = ending(&mut stage) => {
            Pin::new(&mut connection).graceful_shutdown();
            tokio::select! {
                biased;
                ended = drive(Pin::new(&mut connection), &phase) => Some(ended),
                () = stalled(&phase) => None,
            }
        }
    };
    let parts = connection.into_parts();
    // What was read beyond the last request that is answered belongs to the next one, where it is not the rest of a body.
    let is_in_head = phase.is_in_head() || !(phase.has_unread() || parts.read_buf.is_empty());
    if matches!(ended, Some(Ok(()))) {
        // The HTTP library leaves that to whoever speaks another protocol from here on, where a request had `Upgrade`: some
        // clients send it with each.
        let mut stream = parts.io.into_inner();
        tokio::select! {
            biased;
            _ = stream.shutdown() => {}
            () = async { ending(&mut stage).await; stalled(&phase).await } => {}
        }
    }
    if is_in_head {
        admitted.payer().pay_for_unfinished_head();
    }
    admitted.payer().pay_for_discarded(phase.unpaid());
    match ended {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(cause = %error, "a connection broke off"),
        None => tracing::debug!("leaving a connection whose client does nothing"),
    }
}

/// Polls the connection when its socket is ready, and when something beside it has changed its phase.
async fn drive<F: Future>(mut connection: Pin<&mut F>, phase: &Phase) -> F::Output {
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = phase.changed() => {}
        }
    }
}

/// Ready when the client has done nothing for a while, although it is its turn.
async fn stalled(phase: &Phase) {
    let (mut since, mut taken) = (Instant::now(), phase.taken());
    while since.elapsed() < STALLED {
        sleep(STALLED / 10).await;
        if phase.is_busy() || phase.taken() != taken {
            (since, taken) = (Instant::now(), phase.taken());
        }
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use socket2::SockRef;

    use super::*;

    #[tokio::test]
    async fn connections_have_the_bound_of_their_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound_unsent(&listener);
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        assert_eq!(SockRef::from(&accepted).tcp_notsent_lowat().unwrap(), 128 << 10);
    }
}
