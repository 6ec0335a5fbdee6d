//! The attackers' use of their connections until the server has ended.

use std::collections::BTreeMap;
use std::io::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::wire::{Wire, connect};

/// Address of attackers, unless a case uses another one.
pub const FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 66, 1);
/// Pause after a refusal or an error. Attackers ignore `Retry-After`, but refusals are not what a case measures.
const AGAIN: Duration = Duration::from_millis(50);
/// Timeout after which an attacker gives up a request and sends it again.
const PATIENCE: Duration = Duration::from_mins(2);
/// Time for which a client that reads nothing keeps a connection before it opens another.
const HELD: Duration = Duration::from_secs(20);
/// Pause between two parts of a body, so that the machine has time left for others than the sender.
const POURED: Duration = Duration::from_millis(20);
/// Receive buffer of a client that reads nothing, in bytes.
const BUFFER: u32 = 4096;

/// All concurrent actions of attackers. Dropping it closes their connections.
pub struct Attack {
    address: SocketAddr,
    tasks: JoinSet<()>,
    tally: Arc<Tally>,
}

/// Number of responses by kind.
#[derive(Default)]
struct Tally(Mutex<BTreeMap<String, usize>>);

impl Tally {
    fn count(&self, what: String) {
        *self.0.lock().unwrap().entry(what).or_default() += 1;
    }
}

impl Attack {
    pub fn on(address: SocketAddr) -> Self {
        Self { address, tasks: JoinSet::new(), tally: Arc::default() }
    }

    /// Sends the same request repeatedly, on `at_once` connections.
    pub fn repeat(&mut self, from: Ipv4Addr, request: &[u8], at_once: usize) {
        self.each(from, &[request.to_vec()], at_once);
    }

    /// Sends requests in turn, on `at_once` connections that start at different ones.
    pub fn each(&mut self, from: Ipv4Addr, requests: &[Vec<u8>], at_once: usize) {
        let requests: Arc<[Vec<u8>]> = requests.into();
        for first in 0..at_once {
            let (address, tally, requests) = (self.address, Arc::clone(&self.tally), Arc::clone(&requests));
            self.tasks.spawn(async move {
                let mut wire = None;
                for number in first.. {
                    let request = &requests[number % requests.len()];
                    let exchange = timeout(PATIENCE, exchange(&mut wire, address, from, request)).await;
                    let (told, good) = match exchange {
                        Ok(Ok((code, status))) => (code, status == 200),
                        Ok(Err(error)) => (error.kind().to_string(), false),
                        Err(_) => ("no answer".to_owned(), false),
                    };
                    tally.count(told);
                    if !good {
                        sleep(AGAIN).await;
                    }
                }
            });
        }
    }

    /// Sends a request on each connection and does not read the response. Refused requests are sent again.
    pub fn unread(&mut self, from: &[Ipv4Addr], request: &[u8], connections: usize) {
        let request: Arc<[u8]> = request.into();
        for number in 0..connections {
            let (address, from) = (self.address, from[number % from.len()]);
            let (tally, request) = (Arc::clone(&self.tally), Arc::clone(&request));
            self.tasks.spawn(async move {
                loop {
                    let told = match taken(address, from, &request).await {
                        Ok((status, stream)) if status == "200" => {
                            tally.count("200, not read".to_owned());
                            sleep(HELD).await;
                            drop(stream);
                            continue;
                        }
                        Ok((status, _)) => status,
                        Err(error) => error.kind().to_string(),
                    };
                    tally.count(told);
                    sleep(AGAIN * 10).await;
                }
            });
        }
    }

    /// Opens connections that send `bytes` and nothing more; reopens those that the server closes.
    pub fn hold(&mut self, from: &[Ipv4Addr], bytes: &[u8], connections: usize) {
        let bytes: Arc<[u8]> = bytes.into();
        for number in 0..connections {
            let (address, from) = (self.address, from[number % from.len()]);
            let (tally, bytes) = (Arc::clone(&self.tally), Arc::clone(&bytes));
            self.tasks.spawn(async move {
                loop {
                    let told = match held(address, from, &bytes).await {
                        Ok(()) => "closed".to_owned(),
                        Err(error) => error.kind().to_string(),
                    };
                    tally.count(told);
                    sleep(AGAIN * 10).await;
                }
            });
        }
    }

    /// Sends a head on each connection, followed by an endless body, whatever the response is; reopens connections that
    /// the server closes.
    pub fn pour(&mut self, from: &[Ipv4Addr], heads: &[Vec<u8>], connections: usize) {
        for number in 0..connections {
            let (address, from) = (self.address, from[number % from.len()]);
            let (tally, head) = (Arc::clone(&self.tally), heads[number % heads.len()].clone());
            self.tasks.spawn(async move {
                loop {
                    let told = match poured(address, from, &head).await {
                        Ok(told) => told,
                        Err(error) => error.kind().to_string(),
                    };
                    tally.count(told);
                    sleep(AGAIN).await;
                }
            });
        }
    }

    /// Whether a request was answered without an error at least once.
    pub fn is_answered(&self) -> bool {
        let tally = self.tally.0.lock().unwrap();
        tally.contains_key("200") || tally.contains_key("200, not read")
    }

    /// The number of responses by kind so far.
    pub fn tally(&self) -> String {
        format!("{:?}", self.tally.0.lock().unwrap())
    }
}

async fn exchange(
    kept: &mut Option<Wire>,
    address: SocketAddr,
    from: Ipv4Addr,
    request: &[u8],
) -> Result<(String, u16)> {
    let mut wire = match kept.take() {
        Some(wire) => wire,
        None => Wire::connect(address, from).await?,
    };
    let answer = wire.ask(request, 1 << 10).await?;
    *kept = Some(wire);
    Ok((answer.code(), answer.status))
}

/// Sends a request and returns the status of the response, which is not read, with its connection.
async fn taken(address: SocketAddr, from: Ipv4Addr, request: &[u8]) -> Result<(String, TcpStream)> {
    let mut stream = connect(address, from, Some(BUFFER)).await?;
    stream.write_all(request).await?;
    let mut head = [0; 12];
    while stream.peek(&mut head).await? < head.len() {
        stream.readable().await?;
        sleep(Duration::from_millis(1)).await;
        if stream.peek(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((String::from_utf8_lossy(&head[9..]).into_owned(), stream))
}

/// Sends bytes and waits until the server closes the connection.
async fn held(address: SocketAddr, from: Ipv4Addr, bytes: &[u8]) -> Result<()> {
    let mut stream = connect(address, from, Some(BUFFER)).await?;
    stream.write_all(bytes).await?;
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}

/// Sends a head and an endless body; returns the status of the response, and what ended the body.
async fn poured(address: SocketAddr, from: Ipv4Addr, head: &[u8]) -> Result<String> {
    let mut stream = connect(address, from, Some(BUFFER)).await?;
    stream.write_all(head).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    let piece = vec![b'x'; 64 << 10];
    let mut bytes = 0_usize;
    let end = loop {
        match stream.write_all(&piece).await {
            Ok(()) => bytes += piece.len(),
            Err(error) => break error,
        }
        sleep(POURED).await;
    };
    let status = String::from_utf8_lossy(&status[9..]);
    let size = if bytes > 8 << 20 { "much" } else { "little" };
    Ok(format!("{status}, {size} was read, {}", end.kind()))
}
