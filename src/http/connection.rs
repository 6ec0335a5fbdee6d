//! A connection that is cut when its client is too slow: in asking, in sending the head of a request, or in taking the
//! answer. The HTTP library has one time limit for the first two together, and none for the third.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a client may go on sending what nobody reads, so that it gets to see the answer.
const LINGER: Duration = Duration::from_secs(2);

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two requests, and before the first.
    pub idle: Duration,
    /// For the head of a request, from its first byte.
    pub head: Duration,
    /// For an answer, from when it first has to wait for the client.
    pub answer: Duration,
}

/// What a connection is about, shared by its bytes and its requests.
#[derive(Clone, Debug, Default)]
pub struct Phase(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The number of requests so far, and in the lowest bits one of the following.
    phase: AtomicU64,
    /// How often the client took some bytes.
    taken: AtomicU64,
}

/// No byte of the next request is here.
const RESTING: u64 = 0;
/// Some of its head is.
const HEAD: u64 = 1;
/// A request is here, and its answer is not.
const BUSY: u64 = 2;
/// The client takes the answer.
const ANSWERING: u64 = 3;
const MASK: u64 = 3;

impl Phase {
    /// A request is here, until the guard is dropped.
    pub fn begin(&self) -> Busy {
        let requests = (self.get() & !MASK) + MASK + 1;
        self.set(requests | BUSY);
        Busy(self.clone())
    }

    /// Whether the server has to do something for the client, not the client for the server.
    pub fn is_busy(&self) -> bool {
        self.get() & MASK == BUSY
    }

    /// Whether the head of a request has begun and not ended.
    pub fn is_in_head(&self) -> bool {
        self.get() & MASK == HEAD
    }

    /// A number that changes when the client takes some bytes.
    pub fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    fn received(&self) {
        let now = self.get();
        if now & MASK == RESTING {
            self.set(now | HEAD);
        }
    }

    fn sent(&self) {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.phase.load(Ordering::Relaxed)
    }

    fn set(&self, phase: u64) {
        self.0.phase.store(phase, Ordering::Relaxed);
    }
}

/// A request that is being answered.
pub struct Busy(Phase);

impl Busy {
    /// The answer is there. Goes with the body, until it was taken or given up.
    pub fn until_taken(self, body: Body) -> Body {
        self.0.set(self.0.get() & !MASK | ANSWERING);
        Body::new(body.map_err(move |error| {
            let _held = &self;
            error
        }))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.set(self.0.get() & !MASK);
    }
}

/// A time limit that is set again and again.
#[derive(Default)]
struct Limit {
    sleep: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl Limit {
    fn start(&mut self, after: Duration) {
        self.running = true;
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(Instant::now() + after),
            None => self.sleep = Some(Box::pin(sleep(after))),
        }
    }

    /// Whether the time is over; if not, the task is woken when it will be.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.running && self.sleep.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx).is_ready())
    }
}

/// The bytes of a connection, at the pace that clients have to keep.
pub struct Paced<S> {
    stream: S,
    pace: Pace,
    phase: Phase,
    reading: Limit,
    /// The phase that the limit of reading is for.
    reading_for: u64,
    writing: Limit,
}

impl<S> Paced<S> {
    pub fn new(stream: S, pace: Pace, phase: Phase) -> Self {
        let (reading, writing) = (Limit::default(), Limit::default());
        Self { stream, pace, phase, reading, reading_for: u64::MAX, writing }
    }

    /// Whether the request has been waited for too long; if not, the task is woken when it will be.
    fn is_awaited_for_too_long(&mut self, cx: &mut Context<'_>) -> bool {
        let phase = self.phase.get();
        if self.reading_for != phase {
            self.reading_for = phase;
            match phase & MASK {
                RESTING => self.reading.start(self.pace.idle),
                HEAD => self.reading.start(self.pace.head),
                // Who answers has a time limit of its own for the body.
                _ => self.reading.running = false,
            }
        }
        self.reading.is_over(cx)
    }

    /// An error where the client has kept us waiting for too long.
    fn await_writable<T>(&mut self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        if !self.writing.running {
            self.writing.start(self.pace.answer);
        }
        if self.writing.is_over(cx) {
            Poll::Ready(Err(slow("the answer was not taken in time")))
        } else {
            Poll::Pending
        }
    }
}

fn slow(what: &str) -> Error {
    Error::new(ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) {
            if buf.filled().len() > before {
                this.phase.received();
            }
            return Poll::Ready(read);
        }
        if this.is_awaited_for_too_long(cx) {
            return Poll::Ready(Err(slow("no request came in time")));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Pending => self.await_writable(cx),
            written @ Poll::Ready(_) => {
                self.phase.sent();
                written
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, bufs) {
            Poll::Pending => self.await_writable(cx),
            written @ Poll::Ready(_) => {
                self.phase.sent();
                written
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called when all there is was written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Pending => self.await_writable(cx),
            flushed @ Poll::Ready(_) => {
                self.writing.running = false;
                // The library has begun to wait for the next request while it answered this one, and does not read
                // again until something comes; woken, it does.
                let _ = self.is_awaited_for_too_long(cx);
                flushed
            }
        }
    }

    /// Closing while the client still sends would reset the connection, and the client would lose the answer that
    /// tells it why: what comes is read and forgotten for a moment.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        let mut forgotten = [0; 16 << 10];
        loop {
            let mut buf = ReadBuf::new(&mut forgotten);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    if !this.writing.running {
                        this.writing.start(LINGER);
                    }
                }
                Poll::Pending if this.writing.running && !this.writing.is_over(cx) => return Poll::Pending,
                _ => return Poll::Ready(Ok(())),
            }
            // Also of one who sends without a pause.
            if this.writing.is_over(cx) {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const PACE: Pace =
        Pace { idle: Duration::from_mins(1), head: Duration::from_secs(10), answer: Duration::from_secs(30) };

    /// How many seconds it takes until reading fails.
    async fn seconds_until_cut<S: AsyncRead + Unpin>(paced: &mut Paced<S>) -> u64 {
        let start = Instant::now();
        let mut sink = Vec::new();
        let error = paced.read_to_end(&mut sink).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_cut_when_idle_for_too_long() {
        let (_client, server) = duplex(100);
        assert_eq!(seconds_until_cut(&mut Paced::new(server, PACE, Phase::default())).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_to_come_in_its_time_however_it_trickles() {
        let (mut client, server) = duplex(100);
        let mut paced = Paced::new(server, PACE, Phase::default());
        let trickle = async {
            sleep(Duration::from_secs(50)).await;
            for _ in 0..100 {
                let _ = client.write_all(b"x").await;
                sleep(Duration::from_secs(1)).await;
            }
        };
        let cut = tokio::select! { cut = seconds_until_cut(&mut paced) => cut, () = trickle => unreachable!() };
        assert_eq!(cut, 60, "50 of rest, 10 of head");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_answered_hurries_nobody_and_the_rest_after_it_is_new() {
        let (mut client, server) = duplex(100);
        let phase = Phase::default();
        let mut paced = Paced::new(server, PACE, phase.clone());
        client.write_all(b"head").await.unwrap();
        paced.read_exact(&mut [0; 4]).await.unwrap();
        let busy = phase.begin();
        let answer = async {
            sleep(Duration::from_secs(500)).await;
            drop(busy);
        };
        tokio::select! { _ = seconds_until_cut(&mut paced) => panic!("cut while busy"), () = answer => () }
        assert_eq!(seconds_until_cut(&mut paced).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_to_be_taken_in_its_time_however_it_trickles() {
        let (mut client, server) = duplex(10);
        let mut paced = Paced::new(server, PACE, Phase::default());
        let start = Instant::now();
        let sip = async {
            for _ in 0..100 {
                sleep(Duration::from_secs(1)).await;
                client.read_exact(&mut [0]).await.unwrap();
            }
        };
        let error = tokio::select! { sent = paced.write_all(&[0; 1000]) => sent.unwrap_err(), () = sip => panic!() };
        assert_eq!((error.kind(), start.elapsed().as_secs()), (ErrorKind::TimedOut, 30));
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_has_its_own_time() {
        let (mut client, server) = duplex(10);
        let mut paced = Paced::new(server, PACE, Phase::default());
        for _ in 0..5 {
            let send = async {
                paced.write_all(&[0; 20]).await.unwrap();
                paced.flush().await.unwrap();
            };
            let mut answer = [0; 20];
            let take = async {
                sleep(Duration::from_secs(20)).await;
                client.read_exact(&mut answer).await.unwrap();
            };
            tokio::join!(send, take);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_still_sends_at_the_end_is_read_for_a_moment() {
        let (mut client, server) = duplex(10);
        let mut paced = Paced::new(server, PACE, Phase::default());
        let send = async {
            for _ in 0..100 {
                if client.write_all(b"more").await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(100)).await;
            }
        };
        let start = Instant::now();
        client_sends_while(send, async { paced.shutdown().await.unwrap() }).await;
        assert_eq!(start.elapsed().as_secs(), 2);
    }

    async fn client_sends_while(send: impl Future<Output = ()>, shut: impl Future<Output = ()>) {
        tokio::select! { biased; () = send => panic!("read for too long"), () = shut => () }
    }
}
