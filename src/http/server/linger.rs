//! Closes a connection whose client may still be sending.
//!
//! Closing a socket with unread bytes resets the connection, and a reset discards what the client has not read yet: the
//! response that says why it was refused. So the server shuts down only its write side, discards what still arrives,
//! and closes when the client does (RFC 9112, section 9.6) or at one of the limits below. Until then the connection
//! counts as open, and its address is charged.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};

use super::connection_limits::ConnectionBudget;
use super::time_limit::ResettableTimeout;

/// Maximum time without any data from the client. A client that has read the response closes sooner.
const PAUSE: Duration = Duration::from_secs(5);
/// Maximum time in total. Sending 3 MB over 1 Mbit/s takes 24 s, and many clients read nothing before they have sent
/// everything.
const WHOLE: Duration = Duration::from_secs(30);
/// Maximum number of bytes to discard: more than the largest `--body-limit`, as such clients send all of a refused
/// body.
const BYTES: u64 = 128 << 20;
/// Number of bytes that are charged at a time. It is large enough for a client without budget to read the response to a
/// body of usual size.
const PAID: u64 = 1 << 20;
/// Number of bytes read at a time. The buffer is on the stack, so discarding allocates no memory.
const PIECE: usize = 16 << 10;
/// After this many reads in a row, the task yields to other connections.
const PIECES: usize = 4;

/// Discards what a client still sends.
pub struct Linger {
    pause: ResettableTimeout,
    whole: ResettableTimeout,
    bytes: u64,
    unpaid: u64,
    budget: ConnectionBudget,
}

impl Linger {
    pub fn start(budget: ConnectionBudget) -> Self {
        let (mut pause, mut whole) = (ResettableTimeout::default(), ResettableTimeout::default());
        pause.start(PAUSE);
        whole.start(WHOLE);
        Self { pause, whole, bytes: 0, unpaid: 0, budget }
    }

    /// Number of bytes that were discarded but not charged yet.
    pub fn unpaid(&self) -> u64 {
        self.unpaid
    }

    /// Ready when the connection may be closed.
    pub fn poll<S: AsyncRead + Unpin>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<()> {
        let mut piece = [0; PIECE];
        // Check the total time in every iteration: a client that sends without pause keeps this loop from ever waiting.
        let mut pieces = 0;
        while self.bytes < BYTES && !self.whole.is_over(cx) {
            if pieces == PIECES {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            pieces += 1;
            let mut buf = ReadBuf::new(&mut piece);
            match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    self.bytes += buf.filled().len() as u64;
                    self.unpaid += buf.filled().len() as u64;
                    self.pause.start(PAUSE);
                    if self.unpaid >= PAID {
                        if !self.budget.try_charge_discarded(self.unpaid) {
                            break;
                        }
                        self.unpaid = 0;
                    }
                }
                Poll::Pending if !self.pause.is_over(cx) => return Poll::Pending,
                // The client has closed the connection, or the pause is over.
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::http::rate_limit::{RateLimit, RateLimiter};

    /// Seconds that a connection lingers, and the number of bytes it reads, while the client does something.
    async fn lingers(client: impl AsyncFnOnce(DuplexStream)) -> (u64, u64) {
        lingers_for(ConnectionBudget::default(), client).await
    }

    async fn lingers_for(budget: ConnectionBudget, client: impl AsyncFnOnce(DuplexStream)) -> (u64, u64) {
        let (sending, mut receiving) = duplex(1 << 20);
        let (mut linger, start) = (Linger::start(budget), Instant::now());
        let end = async { poll_fn(|cx| linger.poll(&mut receiving, cx)).await };
        tokio::select! { biased; () = client(sending) => panic!("read for too long"), () = end => () }
        (start.elapsed().as_secs(), linger.bytes)
    }

    async fn wait() {
        sleep(Duration::from_hours(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_client() {
        let close = async |mut client: DuplexStream| {
            client.write_all(&[0; 100]).await.unwrap();
            sleep(Duration::from_secs(2)).await;
            drop(client);
            wait().await;
        };
        assert_eq!(lingers(close).await, (2, 100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_waited_for_briefly() {
        let hold = async |mut client: DuplexStream| {
            sleep(Duration::from_secs(3)).await;
            client.write_all(&[0; 100]).await.unwrap();
            wait().await;
        };
        assert_eq!(lingers(hold).await, (8, 100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickling_client_is_dropped_at_the_time_limit() {
        let trickle = async |mut client: DuplexStream| {
            loop {
                client.write_all(&[0]).await.unwrap();
                sleep(Duration::from_secs(1)).await;
            }
        };
        assert_eq!(lingers(trickle).await.0, 30);
    }

    async fn flood(mut client: DuplexStream) {
        let piece = vec![0; 1 << 20];
        while client.write_all(&piece).await.is_ok() {}
        wait().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_without_budget_is_dropped_at_once() {
        let rate_limit = RateLimit { operations: 1, budget: 5_000, refill: 1 };
        let limits = Arc::new(RateLimiter::new(rate_limit, rate_limit));
        let peer = "192.0.2.1".parse().unwrap();
        let (_, bytes) = lingers_for(ConnectionBudget::new(peer, Arc::clone(&limits)), flood).await;
        assert!((4 * PAID..=5 * PAID).contains(&bytes), "{bytes}");
        let (_, bytes) = lingers_for(ConnectionBudget::new(peer, limits), flood).await;
        assert_eq!(bytes, PAID, "its answers still arrive, where their bodies are small");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_without_end_is_dropped() {
        let (seconds, bytes) = lingers(flood).await;
        assert_eq!(seconds, 0);
        assert!((BYTES..BYTES + PIECE as u64).contains(&bytes), "{bytes}");
    }
}
