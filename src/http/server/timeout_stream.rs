//! Closes connections of slow clients: idle ones, and those that send a request head or read a response too slowly. The
//! HTTP library has one timeout for idling and the head together, and none for the response.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection_limits::ConnectionBudget;
use super::linger::Linger;
use super::phase::{HEAD, MASK, Phase, RESTING};
use super::time_limit::ResettableTimeout;

/// The timeouts of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionTimeouts {
    /// Between two requests, and before the first one.
    pub idle: Duration,
    /// For the head of a request, from its first byte.
    pub head: Duration,
    /// For a response, from the first time that writing has to wait for the client.
    pub answer: Duration,
}

/// The kind of the I/O error for a body that is mostly chunk framing. No other error of a connection has this kind.
pub const OVERFRAMED: ErrorKind = ErrorKind::QuotaExceeded;

/// A stream that enforces the timeouts of [`ConnectionTimeouts`].
pub struct TimeoutStream<S> {
    stream: S,
    timeouts: ConnectionTimeouts,
    phase: Phase,
    budget: ConnectionBudget,
    reading: ResettableTimeout,
    /// The phase that the read timeout was started for.
    reading_for: u64,
    writing: ResettableTimeout,
    end: CloseState,
}

/// Progress of closing the connection.
enum CloseState {
    Open,
    /// The write side is shut down.
    ShutdownSent,
    /// Reading and discarding what the client still sends.
    Lingering(Linger),
    /// The connection may be closed.
    Closed,
}

impl<S> TimeoutStream<S> {
    pub fn new(stream: S, timeouts: ConnectionTimeouts, phase: Phase, budget: ConnectionBudget) -> Self {
        let (reading, writing) = (ResettableTimeout::default(), ResettableTimeout::default());
        Self { stream, timeouts, phase, budget, reading, reading_for: u64::MAX, writing, end: CloseState::Open }
    }

    /// Whether the read timeout has passed; if not, registers the task to be woken when it does.
    fn is_awaited_for_too_long(&mut self, cx: &mut Context<'_>) -> bool {
        let phase = self.phase.get();
        if self.reading_for != phase {
            self.reading_for = phase;
            match phase & MASK {
                RESTING => self.reading.start(self.timeouts.idle),
                HEAD => self.reading.start(self.timeouts.head),
                // The request handler has its own timeout for the body.
                _ => self.reading.stop(),
            }
        }
        self.reading.is_over(cx)
    }

    /// Starts the write timeout unless it is running. Returns an error once it has passed.
    fn await_writable<T>(&mut self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        if !self.writing.is_running() {
            self.writing.start(self.timeouts.answer);
        }
        self.phase.block();
        if self.writing.is_over(cx) {
            Poll::Ready(Err(slow("the client did not read the response in time")))
        } else {
            Poll::Pending
        }
    }
}

/// The reader of the body gets this error, too.
fn overframed() -> Error {
    Error::new(OVERFRAMED, "the framing of the body is larger than the body")
}

fn slow(what: &str) -> Error {
    Error::new(ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) {
            if buf.filled().len() > before {
                this.phase.received(buf.filled().len() - before);
            }
            if this.phase.is_overframed() {
                return Poll::Ready(Err(overframed()));
            }
            return Poll::Ready(read);
        }
        if this.is_awaited_for_too_long(cx) {
            return Poll::Ready(Err(slow("no request arrived in time")));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
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

    /// The HTTP library calls this when it has written everything it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Pending => self.await_writable(cx),
            flushed @ Poll::Ready(_) => {
                self.writing.stop();
                // While responding, the library already starts to wait for the next request, and only reads again when
                // data arrives. This starts the read timeout, which wakes it.
                let _ = self.is_awaited_for_too_long(cx);
                flushed
            }
        }
    }

    /// Shuts down the write side, then lingers so that a client that is still sending can read the response.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        if matches!(this.end, CloseState::Closed) {
            return Poll::Ready(Ok(()));
        }
        if matches!(this.end, CloseState::Open) {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.end = CloseState::ShutdownSent;
        }
        if matches!(this.end, CloseState::ShutdownSent) {
            let mut byte = [0];
            let mut next = ReadBuf::new(&mut byte);
            let read = Pin::new(&mut this.stream).poll_read(cx, &mut next);
            // The client has sent more requests than were answered.
            let has_more = matches!(read, Poll::Ready(Ok(()))) && !next.filled().is_empty();
            if !has_more && (read.is_ready() || !this.phase.has_unread()) {
                this.end = CloseState::Closed;
                return Poll::Ready(Ok(()));
            }
            this.end = CloseState::Lingering(Linger::start(this.budget.clone()));
        }
        if let CloseState::Lingering(linger) = &mut this.end {
            let ended = linger.poll(&mut this.stream, cx);
            this.phase.owe_for(linger.unpaid());
            ready!(ended);
        }
        this.end = CloseState::Closed;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, sleep};

    use super::*;

    const PACE: ConnectionTimeouts = ConnectionTimeouts {
        idle: Duration::from_mins(1),
        head: Duration::from_secs(10),
        answer: Duration::from_secs(30),
    };

    /// Seconds until reading fails with a timeout.
    async fn seconds_until_cut<S: AsyncRead + Unpin>(paced: &mut TimeoutStream<S>) -> u64 {
        let start = Instant::now();
        let mut sink = Vec::new();
        let error = paced.read_to_end(&mut sink).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_times_out() {
        let (_client, server) = duplex(100);
        assert_eq!(
            seconds_until_cut(&mut TimeoutStream::new(server, PACE, Phase::default(), ConnectionBudget::default()))
                .await,
            60
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickling_head_times_out() {
        let (mut client, server) = duplex(100);
        let mut paced = TimeoutStream::new(server, PACE, Phase::default(), ConnectionBudget::default());
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
    async fn a_running_request_has_no_read_timeout_and_the_next_starts_anew() {
        let (mut client, server) = duplex(100);
        let phase = Phase::default();
        let mut paced = TimeoutStream::new(server, PACE, phase.clone(), ConnectionBudget::default());
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
    async fn a_slowly_read_response_times_out() {
        let (mut client, server) = duplex(10);
        let mut paced = TimeoutStream::new(server, PACE, Phase::default(), ConnectionBudget::default());
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
    async fn each_response_has_its_own_timeout() {
        let (mut client, server) = duplex(10);
        let mut paced = TimeoutStream::new(server, PACE, Phase::default(), ConnectionBudget::default());
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

    /// Seconds until a connection ends whose client neither sends nor closes.
    async fn seconds_to_end(phase: Phase, sent: &[u8]) -> u64 {
        let (mut client, server) = duplex(100);
        client.write_all(sent).await.unwrap();
        let mut paced = TimeoutStream::new(server, PACE, phase, ConnectionBudget::default());
        let start = Instant::now();
        paced.shutdown().await.unwrap();
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn closing_reads_only_if_the_client_may_still_send() {
        assert_eq!(seconds_to_end(Phase::default(), b"").await, 0);
        assert_eq!(seconds_to_end(Phase::default(), b"the next request").await, 5);
        let unread = Phase::default();
        unread.begin().leave_unread();
        assert_eq!(seconds_to_end(unread, b"").await, 5);
        let in_head = Phase::default();
        in_head.received(1);
        assert_eq!(seconds_to_end(in_head, b"").await, 5);
    }
}
