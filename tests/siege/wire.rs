//! HTTP/1.1 over the sockets of attackers and victims, with a source address, a small receive buffer, or requests that
//! no library would send.

use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Maximum length of a response head.
const HEAD: usize = 64 << 10;

/// A connection that is kept open between requests.
pub struct Wire {
    stream: TcpStream,
    /// Bytes that were read, and belong to what comes next.
    rest: Vec<u8>,
}

/// A response, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The start of the body, as long as requested.
    pub body: Vec<u8>,
    /// The length of the whole body.
    pub length: usize,
}

/// Connects from a loopback address. `receive` limits the system's receive buffer, for a client that does not read.
pub async fn connect(to: SocketAddr, from: Ipv4Addr, receive: Option<u32>) -> Result<TcpStream> {
    assert!(to.ip().is_loopback() && from.is_loopback(), "an attack stays on this machine");
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = receive {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind((from, 0).into())?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A GraphQL request in bytes.
pub fn post(token: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Wire {
    pub async fn connect(to: SocketAddr, from: Ipv4Addr) -> Result<Self> {
        Ok(Self { stream: connect(to, from, None).await?, rest: Vec::new() })
    }

    /// Sends a request and reads its response; keeps the first `keep` bytes of the body.
    pub async fn ask(&mut self, request: &[u8], keep: usize) -> Result<Answer> {
        self.stream.write_all(request).await?;
        let has_body = !request.starts_with(b"HEAD ");
        self.answer(keep, has_body).await
    }

    async fn answer(&mut self, keep: usize, has_body: bool) -> Result<Answer> {
        let head = self.until(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(unreadable)?;
        let header =
            |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let mut answer = Answer { status, body: Vec::new(), length: 0 };
        if !has_body {
            return Ok(answer);
        }
        if header("transfer-encoding") == Some("chunked") {
            loop {
                let line = self.until(b"\r\n").await?;
                let size = std::str::from_utf8(&line).ok().and_then(|line| line.trim().split(';').next());
                let size = size.and_then(|size| usize::from_str_radix(size, 16).ok()).ok_or_else(unreadable)?;
                self.take(size, keep, &mut answer).await?;
                self.until(b"\r\n").await?;
                if size == 0 {
                    return Ok(answer);
                }
            }
        }
        let length = header("content-length").map_or(Some(0), |it| it.parse().ok()).ok_or_else(unreadable)?;
        self.take(length, keep, &mut answer).await?;
        Ok(answer)
    }

    /// Reads up to and including `end`.
    async fn until(&mut self, end: &[u8]) -> Result<Vec<u8>> {
        let mut from = 0;
        loop {
            if let Some(at) = self.rest[from..].windows(end.len()).position(|bytes| bytes == end) {
                let after = self.rest.split_off(from + at + end.len());
                return Ok(std::mem::replace(&mut self.rest, after));
            }
            if self.rest.len() > HEAD {
                return Err(unreadable());
            }
            from = self.rest.len().saturating_sub(end.len() - 1);
            self.more().await?;
        }
    }

    /// Reads a part of a body and keeps its start.
    async fn take(&mut self, mut size: usize, keep: usize, answer: &mut Answer) -> Result<()> {
        answer.length += size;
        while size > 0 {
            if self.rest.is_empty() {
                self.more().await?;
            }
            let part = size.min(self.rest.len());
            let kept = part.min(keep.saturating_sub(answer.body.len()));
            answer.body.extend_from_slice(&self.rest[..kept]);
            self.rest.drain(..part);
            size -= part;
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<()> {
        self.rest.reserve(64 << 10);
        match self.stream.read_buf(&mut self.rest).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Answer {
    pub fn has(&self, text: &str) -> bool {
        self.body.windows(text.len()).any(|bytes| bytes == text.as_bytes())
    }

    /// The status, and `extensions.code` of the first error if there is one.
    pub fn code(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let code = text.split_once("\"code\":\"").and_then(|(_, rest)| rest.split('"').next());
        code.map_or_else(|| self.status.to_string(), |code| format!("{} {code}", self.status))
    }
}

fn unreadable() -> Error {
    Error::new(ErrorKind::InvalidData, "not an answer of HTTP/1.1")
}
