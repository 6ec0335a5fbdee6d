//! Accepts connections and shuts the server down gracefully.

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
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tower::Service;

use super::connection_cpu::ConnectionCpu;
use super::connection_limits::{ConnectionLimiter, ConnectionLimits, ConnectionPermit};
use super::phase::Phase;
use super::request_body;
use super::timeout_stream::{ConnectionTimeouts, TimeoutStream};
use super::upgraded::{UpgradeSlot, UpgradedConnection};
use crate::http::rate_limit::{ConnectionInfo, RateLimiter};
use crate::http::request::head::OverConnection;
use crate::scheduling::ConnectionTurns;
use crate::scheduling::watchdog::watched_by;

/// The timeouts of clients, and of a graceful shutdown.
#[derive(Clone, Copy, Debug)]
pub struct ServerTimeouts {
    pub connection: ConnectionTimeouts,
    /// How long the server keeps serving after it was told to stop, while it reports that it is not ready.
    pub stop_delay: Duration,
    /// How long running requests may then continue.
    pub requests: Duration,
}

impl Default for ServerTimeouts {
    fn default() -> Self {
        Self {
            connection: ConnectionTimeouts {
                idle: Duration::from_mins(1),
                head: Duration::from_secs(10),
                answer: Duration::from_mins(1),
            },
            stop_delay: Duration::from_secs(1),
            requests: Duration::from_secs(30),
        }
    }
}

/// Time for sending the refusals of requests that still run at the end of the shutdown.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// During shutdown, a connection is dropped when its client does nothing for this long: neither sends the rest of a
/// request nor reads a response.
const STALLED: Duration = Duration::from_secs(1);
/// Maximum size of a request head, in bytes; also the size of the read buffer for bodies. A JSON web token may take two
/// thirds of it.
const MAX_HEAD: usize = 24 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Serving,
    /// Still serving, but reporting not ready, so that load balancers leave this instance out.
    Stopping,
    /// Accepting no more requests; those that still run are refused at `until`.
    Ending {
        until: Instant,
    },
}

/// Tells request handlers when the server gives up running requests.
#[derive(Clone, Debug)]
pub struct ShutdownSignal(watch::Receiver<Stage>);

impl ShutdownSignal {
    /// Ready when nothing new may begin: returns the time when what still runs is given up.
    pub async fn begun(&mut self) -> Instant {
        let ending = self.0.wait_for(|stage| matches!(stage, Stage::Ending { .. })).await.map(|stage| *stage);
        // If the sender is gone, the server no longer runs.
        if let Ok(Stage::Ending { until }) = ending { until } else { Instant::now() }
    }

    /// Ready when the request should be refused because the server shuts down.
    pub async fn wait(mut self) {
        let until = self.begun().await;
        sleep_until(until).await;
    }
}

/// The routes, and the accounts that connections are charged to.
pub struct HttpService {
    pub router: Router,
    /// The accounts that requests are charged to as well.
    pub limits: Option<Arc<RateLimiter>>,
}

impl From<Router> for HttpService {
    fn from(router: Router) -> Self {
        Self { router, limits: None }
    }
}

/// Serves until `stop` is ready, and for `timeouts.stop_delay` after that. Then it accepts no more connections, lets
/// running requests finish for at most `timeouts.requests`, and returns.
pub async fn serve(
    listener: TcpListener,
    service: impl Into<HttpService>,
    stop: impl Future<Output = ()>,
    timeouts: ServerTimeouts,
    connection_limits: ConnectionLimits,
) {
    let HttpService { router, limits } = service.into();
    bound_unsent(&listener);
    let limiter = ConnectionLimiter::new(connection_limits, limits);
    let turns = ConnectionTurns::new(Handle::current().metrics().num_workers().saturating_sub(1));
    let (stage, watcher) = watch::channel(Stage::Serving);
    let mut connections = JoinSet::new();
    let mut stopped = pin!(async {
        stop.await;
        stage.send_replace(Stage::Stopping);
        sleep(timeouts.stop_delay).await;
    });
    loop {
        tokio::select! {
            () = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let Some(place) = limiter.admit(peer.ip(), connections.len()) else {
                        tracing::debug!(%peer, "too many connections; closing this one");
                        continue;
                    };
                    let cpu = ConnectionCpu::default();
                    let (router, watcher, meter) = (router.clone(), watcher.clone(), cpu.clone());
                    let (turns, network) = (turns.clone(), place.network());
                    let connection =
                        connection(stream, peer.ip(), router, timeouts.connection, watcher, place, cpu);
                    let connection = watched_by("connection", move |took| meter.add(took), connection);
                    connections.spawn(async move { turns.run(network, connection).await });
                }
                Err(error) => {
                    // The process is probably out of file descriptors; retrying at once would only burn CPU time.
                    tracing::error!(cause = %error, "cannot accept a connection");
                    sleep(Duration::from_secs(1)).await;
                }
            },
            // Removes finished connections from the set.
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let until = Instant::now() + timeouts.requests;
    stage.send_replace(Stage::Ending { until });
    let ended = timeout_at(until + LAST_WORDS, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(connections = connections.len(), "abandoning connections that did not end in time");
    }
}

/// Limits the kernel's buffer for unread responses (`TCP_NOTSENT_LOWAT`), for all connections of the listener, which
/// inherit it. Without the limit the kernel takes megabytes per connection, and copying these blocks the front threads.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bound_unsent(listener: &TcpListener) {
    const BYTES: u32 = 128 << 10;
    if let Err(error) = socket2::SockRef::from(listener).set_tcp_notsent_lowat(BYTES) {
        tracing::warn!(cause = %error, "cannot limit how much of an unread response the system buffers");
    }
}

/// Other systems limit the whole buffer of a connection by themselves.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bound_unsent(_: &TcpListener) {}

/// Ready when the server accepts no more requests.
async fn ending(stage: &mut watch::Receiver<Stage>) {
    let _ = stage.wait_for(|stage| matches!(stage, Stage::Ending { .. })).await;
}

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    router: Router,
    timeouts: ConnectionTimeouts,
    mut stage: watch::Receiver<Stage>,
    admitted: ConnectionPermit,
    cpu: ConnectionCpu,
) {
    // Responses are written at once, so waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    // Browsers open connections in advance. One on which nothing was sent yet may be closed at any time, which the HTTP
    // library does not do by itself.
    tokio::select! {
        // Prefer a client that has sent something, even if the shutdown begins at the same time.
        biased;
        readable = timeout(timeouts.idle, stream.readable()) => if !matches!(readable, Ok(Ok(()))) { return },
        () = ending(&mut stage) => return,
    }
    let phase = Phase::default();
    let upgrade = UpgradeSlot::default();
    let service = service_fn({
        let (phase, stage, upgrade) = (phase.clone(), stage.clone(), upgrade.clone());
        move |request: hyper::Request<Incoming>| {
            let busy = Arc::new(phase.begin());
            let stopping = *stage.borrow() != Stage::Serving;
            let (mut request, loan) = request_body::lend(request, &phase);
            let extensions = request.extensions_mut();
            extensions.insert(ConnectionInfo { peer, stopping });
            extensions.insert(cpu.clone());
            extensions.insert(OverConnection);
            extensions.insert(upgrade.clone());
            extensions.insert(ShutdownSignal(stage.clone()));
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
    let stream = TokioIo::new(TimeoutStream::new(stream, timeouts, phase.clone(), admitted.budget().clone()));
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
    if let (Some(Ok(())), Some(speak)) = (&ended, upgrade.take()) {
        // The other protocol has its own timeouts of reading, so the connection counts as busy.
        let _busy = phase.begin();
        speak(UpgradedConnection { stream: parts.io.into_inner(), read: parts.read_buf, phase: phase.clone() }).await;
        admitted.budget().charge_discarded(phase.unpaid());
        return;
    }
    // Bytes read after the last answered request belong to the head of the next one, unless they are the rest of a
    // body.
    let is_in_head = phase.is_in_head() || !(phase.has_unread() || parts.read_buf.is_empty());
    if matches!(ended, Some(Ok(()))) {
        // The HTTP library does not shut down a connection whose request had `Upgrade`, but leaves that to whoever
        // speaks the other protocol. Some clients send this header with every request.
        let mut stream = parts.io.into_inner();
        tokio::select! {
            biased;
            _ = stream.shutdown() => {}
            () = async { ending(&mut stage).await; stalled(&phase).await } => {}
        }
    }
    if is_in_head {
        admitted.budget().charge_incomplete_head();
    }
    admitted.budget().charge_discarded(phase.unpaid());
    match ended {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(cause = %error, "a connection failed"),
        None => tracing::debug!("abandoning a connection whose client is inactive"),
    }
}

/// Polls the connection when its socket is ready, and when another task has changed its phase.
async fn drive<F: Future>(mut connection: Pin<&mut F>, phase: &Phase) -> F::Output {
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = phase.changed() => {}
        }
    }
}

/// Ready when the client has done nothing for [`STALLED`] although it is its turn.
async fn stalled(phase: &Phase) {
    let (mut since, mut taken) = (Instant::now(), phase.taken());
    while since.elapsed() < STALLED {
        sleep(STALLED / 10).await;
        if phase.is_busy() || phase.taken() != taken {
            (since, taken) = (Instant::now(), phase.taken());
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    use socket2::SockRef;

    use axum::Extension;
    use axum::routing::post;
    use http_body_util::BodyExt;
    use tokio::io::AsyncReadExt;
    use tokio::sync::Notify;

    use super::*;

    /// Bodies are charged for this time.
    #[tokio::test]
    async fn requests_learn_the_cpu_time_of_their_connection() {
        let has_read = Arc::new(Notify::new());
        let route = post({
            let has_read = Arc::clone(&has_read);
            async move |Extension(cpu): Extension<ConnectionCpu>, mut body: Body| {
                let mut totals = Vec::new();
                while let Some(frame) = body.frame().await {
                    if frame.is_ok_and(|frame| frame.is_data()) {
                        totals.push(cpu.total());
                        has_read.notify_one();
                    }
                }
                assert_eq!(totals.len(), 2);
                totals[1].saturating_sub(totals[0]).as_nanos().to_string()
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let service = Router::new().route("/", route);
        let (timeouts, limits) = (ServerTimeouts::default(), ConnectionLimits::default());
        let server = tokio::spawn(serve(listener, service, std::future::pending(), timeouts, limits));
        let head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
        client.write_all(head).await.unwrap();
        client.write_all(b"1\r\na\r\n").await.unwrap();
        // The time of a poll is known when it has ended, so the second part has to come in another one.
        has_read.notified().await;
        client.write_all(b"1\r\nb\r\n0\r\n\r\n").await.unwrap();
        let mut response = String::new();
        timeout(Duration::from_secs(10), client.read_to_string(&mut response)).await.unwrap().unwrap();
        let nanoseconds = response.rsplit("\r\n").next().unwrap();
        assert!(nanoseconds.parse::<u64>().unwrap() > 0, "{response}");
        server.abort();
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[tokio::test]
    async fn connections_inherit_the_limit_of_the_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound_unsent(&listener);
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        assert_eq!(SockRef::from(&accepted).tcp_notsent_lowat().unwrap(), 128 << 10);
    }
}
