use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::meter::MemoryReservation;

/// Bytes of an unfinished message that are not reserved: about as much as a socket takes anyway.
const FREE: u64 = 4 << 10;

/// Size of the head of a control frame from a client, in bytes.
const CONTROL_HEAD: u64 = 6;

/// The kind of the I/O error for a message that exceeds the limit with its framing.
pub const TOO_LARGE: ErrorKind = ErrorKind::FileTooLarge;
/// The kind of the I/O error for a message for which no memory is left.
pub const NO_MEMORY: ErrorKind = ErrorKind::OutOfMemory;

/// A stream that reserves memory for a message while it arrives. The WebSocket library keeps the bytes until the message
/// is complete, and tells nobody.
pub struct CountedStream<S> {
    stream: S,
    /// Bytes that have arrived since the last complete message.
    unread: u64,
    /// Maximum for `unread`.
    most: u64,
    memory: MemoryReservation,
    /// Bytes that are reserved.
    reserved: u64,
}

impl<S> CountedStream<S> {
    pub fn new(stream: S, most: u64, memory: MemoryReservation) -> Self {
        Self { stream, unread: 0, most, memory, reserved: 0 }
    }

    /// Forgets the bytes of a message that was taken out.
    pub fn message_ended(&mut self) {
        self.unread = 0;
        self.memory.shrink(0);
        self.reserved = 0;
    }

    /// Forgets a control frame, which may come between the frames of a message.
    pub fn forget_frame(&mut self, payload: usize) {
        self.unread = self.unread.saturating_sub(CONTROL_HEAD + payload as u64);
    }

    /// Changes the limit, and the account that memory is reserved on, between two messages.
    pub fn change(&mut self, most: u64, memory: MemoryReservation) {
        (self.most, self.memory, self.reserved) = (most, memory, 0);
    }

    fn arrived(&mut self, bytes: u64) -> Result<()> {
        self.unread += bytes;
        if self.unread > self.most {
            return Err(Error::new(TOO_LARGE, "the message is too large"));
        }
        let wanted = self.unread.saturating_sub(FREE);
        if wanted > self.reserved {
            let more = self.memory.grow(wanted - self.reserved);
            more.map_err(|_| Error::new(NO_MEMORY, "no memory is left for the message"))?;
            self.reserved = wanted;
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let bytes = (buf.filled().len() - before) as u64;
        Poll::Ready(self.arrived(bytes))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CountedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::meter::{MemoryLimits, MemoryPool};

    #[tokio::test]
    async fn memory_is_reserved_while_a_message_arrives() {
        let pool = MemoryPool::new(MemoryLimits { process: 1 << 20, token: 16 << 10 });
        let (mut client, server) = duplex(1 << 20);
        let mut stream = CountedStream::new(server, 100 << 10, MemoryReservation::new(pool.token("address")));
        client.write_all(&vec![0; 64 << 10]).await.unwrap();
        let mut buffer = [0; 4 << 10];
        stream.read_exact(&mut buffer).await.unwrap();
        assert_eq!(pool.used(), 0, "small messages are free");
        stream.read_exact(&mut buffer).await.unwrap();
        assert_eq!(pool.used(), 4 << 10);
        stream.message_ended();
        assert_eq!(pool.used(), 0);
        for _ in 0..5 {
            stream.read_exact(&mut buffer).await.unwrap();
        }
        assert_eq!(pool.used(), 16 << 10);
        assert_eq!(stream.read_exact(&mut buffer).await.unwrap_err().kind(), NO_MEMORY);
    }

    #[tokio::test]
    async fn a_message_is_no_larger_than_its_limit() {
        let pool = MemoryPool::new(MemoryLimits::UNLIMITED);
        let (mut client, server) = duplex(1 << 20);
        let mut stream = CountedStream::new(server, 6_000, MemoryReservation::new(pool.token("address")));
        client.write_all(&vec![0; 20_000]).await.unwrap();
        stream.read_exact(&mut [0; 6_000]).await.unwrap();
        assert_eq!(stream.read_exact(&mut [0; 1]).await.unwrap_err().kind(), TOO_LARGE);
        stream.message_ended();
        stream.change(9_000, MemoryReservation::new(pool.token("token")));
        stream.read_exact(&mut [0; 9_000]).await.unwrap();
    }
}
