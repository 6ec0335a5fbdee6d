//! A relay in front of `PostgreSQL` that reads what passes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use url::Url;

/// How long an answer is under way, so that what a client sends at once arrives before the first answer leaves.
const ON_THE_WAY: Duration = Duration::from_millis(3);

/// What passed on one connection.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// The statements that were run, `BEGIN` and `COMMIT` included.
    pub statements: Vec<String>,
    /// How many statements were prepared.
    pub prepared: usize,
    /// How many times the client has sent something while nothing was unanswered.
    pub round_trips: usize,
    unanswered: usize,
    /// The texts of prepared statements by their names.
    texts: HashMap<String, String>,
}

/// The relay, with the traffic of each of its connections.
#[derive(Clone, Default)]
pub struct Relay {
    connections: Arc<Mutex<Vec<Arc<Mutex<Traffic>>>>>,
    cuts_commit: Arc<AtomicBool>,
}

impl Relay {
    /// Starts a relay to the server of this address, and returns the address of the same database behind it.
    pub async fn before(&self, url: &str) -> String {
        let mut url = Url::parse(url).unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        // Encrypted, it could not be read.
        url.query_pairs_mut().append_pair("sslmode", "disable");
        let relay = self.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let traffic = Arc::<Mutex<Traffic>>::default();
                lock(&relay.connections).push(Arc::clone(&traffic));
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let (of_client, to_client) = client.into_split();
                let (of_server, to_server) = server.into_split();
                tokio::spawn(requests(of_client, to_server, Arc::clone(&traffic)));
                let cuts_commit = Arc::clone(&relay.cuts_commit);
                tokio::spawn(answers(of_server, to_client, traffic, cuts_commit));
            }
        });
        url.to_string()
    }

    /// Closes the connection of the next `COMMIT` instead of its answer, behind the answers to what was sent before it.
    pub fn cut_next_commit(&self) {
        self.cuts_commit.store(true, Ordering::SeqCst);
    }

    /// Whether no `COMMIT` has come since [`Self::cut_next_commit`].
    pub fn is_waiting_to_cut(&self) -> bool {
        self.cuts_commit.load(Ordering::SeqCst)
    }

    /// Forgets what has passed so far.
    pub fn reset(&self) {
        for traffic in lock(&self.connections).iter() {
            let mut traffic = lock(traffic);
            traffic.statements.clear();
            (traffic.prepared, traffic.round_trips) = (0, 0);
        }
    }

    /// What has passed since on each connection that ran statements.
    pub fn of_all(&self) -> Vec<Traffic> {
        let all = lock(&self.connections);
        all.iter().map(|traffic| lock(traffic).clone()).filter(|traffic| !traffic.statements.is_empty()).collect()
    }

    /// What has passed since on the connection that ran a transaction.
    pub fn of_transaction(&self) -> Traffic {
        let all = lock(&self.connections);
        let mut found = all.iter().map(|traffic| lock(traffic).clone());
        found.find(|traffic| traffic.statements.iter().any(|sql| sql == "BEGIN")).expect("a transaction")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads one message: its type, if it has one, and its contents. Every message but the first has a type.
async fn message(from: &mut (impl AsyncRead + Unpin), is_first: bool) -> Option<(u8, Vec<u8>, Vec<u8>)> {
    let mut bytes = vec![0; if is_first { 4 } else { 5 }];
    from.read_exact(&mut bytes).await.ok()?;
    let kind = if is_first { 0 } else { bytes[0] };
    let length = u32::from_be_bytes(*bytes.last_chunk().unwrap());
    let mut contents = vec![0; length as usize - 4];
    from.read_exact(&mut contents).await.ok()?;
    bytes.extend_from_slice(&contents);
    Some((kind, contents, bytes))
}

async fn requests(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, traffic: Arc<Mutex<Traffic>>) {
    let mut is_first = true;
    while let Some((kind, contents, bytes)) = message(&mut from, is_first).await {
        is_first = false;
        lock(&traffic).request(kind, &contents);
        if to.write_all(&bytes).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

async fn answers(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    traffic: Arc<Mutex<Traffic>>,
    cuts_commit: Arc<AtomicBool>,
) {
    while let Some((kind, contents, bytes)) = message(&mut from, false).await {
        // The tag of a command that has ended.
        if kind == b'C' && contents == b"COMMIT\0" && cuts_commit.swap(false, Ordering::SeqCst) {
            let _ = to.shutdown().await;
            break;
        }
        if kind == b'Z' {
            sleep(ON_THE_WAY).await;
            let mut traffic = lock(&traffic);
            traffic.unanswered = traffic.unanswered.saturating_sub(1);
        }
        if to.write_all(&bytes).await.is_err() {
            break;
        }
    }
}

impl Traffic {
    fn request(&mut self, kind: u8, contents: &[u8]) {
        let mut texts = contents.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        match kind {
            // A simple query.
            b'Q' => {
                self.statements.extend(texts.next());
                self.expect_answer();
            }
            // Parse.
            b'P' => {
                let (name, text) = (texts.next().unwrap(), texts.next().unwrap());
                self.texts.insert(name, text);
                self.prepared += 1;
            }
            // Bind, which Execute follows.
            b'B' => {
                let name = texts.nth(1).unwrap();
                self.statements.push(self.texts[&name].clone());
            }
            // Sync.
            b'S' => self.expect_answer(),
            _ => {}
        }
    }

    fn expect_answer(&mut self) {
        if self.unanswered == 0 {
            self.round_trips += 1;
        }
        self.unanswered += 1;
    }
}
