//! A client with a persistent connection that may break at any time.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Timeout of all reads and writes, so that a server that hangs fails the test.
const AT_MOST: Duration = Duration::from_mins(2);

/// A connection to a server, with a token.
pub struct Wire {
    stream: TcpStream,
    token: String,
}

/// A response of the server.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Value,
}

impl Wire {
    pub async fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, token: token.to_owned() })
    }

    pub async fn ask(&mut self, document: &str, variables: Value) -> Result<Answer> {
        self.send(document, variables).await?;
        self.answer().await
    }

    /// Sends a request without waiting for its response.
    pub async fn send(&mut self, document: &str, variables: Value) -> Result<()> {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        timeout(AT_MOST, self.stream.write_all((head + &body).as_bytes())).await.expect("the server takes nothing")
    }

    /// Reads the next response on this connection.
    pub async fn answer(&mut self) -> Result<Answer> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            self.more(&mut bytes).await?;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let unreadable = || Error::new(ErrorKind::InvalidData, format!("no answer: {head}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(unreadable)?;
        let length: usize = header(&head, "content-length").and_then(|it| it.parse().ok()).ok_or_else(unreadable)?;
        let mut body = bytes.split_off(end + 4);
        while body.len() < length {
            self.more(&mut body).await?;
        }
        Ok(Answer { status, body: serde_json::from_slice(&body)?, head })
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        match timeout(AT_MOST, self.stream.read_buf(bytes)).await.expect("the server hangs")? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// `extensions.code` of the first error.
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
    }

    /// The data of a response without errors, otherwise `None`.
    pub fn data(&self) -> Option<&Value> {
        (self.status == 200 && self.body.get("errors").is_none()).then(|| &self.body["data"])
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
