//! The program itself, serving a database.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The path of the program. Cargo builds it with the integration tests, whose binaries it places in a folder beside it.
pub fn program() -> &'static str {
    static PROGRAM: LazyLock<String> = LazyLock::new(|| {
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().and_then(Path::parent).unwrap();
        folder.join(format!("notegraph{}", std::env::consts::EXE_SUFFIX)).into_os_string().into_string().unwrap()
    });
    &PROGRAM
}

/// Timeout of all waits, so that a test that hangs fails.
const AT_MOST: Duration = Duration::from_mins(1);

/// Budgets of a token and an address. Four continuous writers spend more than is refilled, and would be refused at
/// times that depend on the machine.
const BUDGETS: [&str; 4] =
    ["NOTEGRAPH_TOKEN_BUDGET", "NOTEGRAPH_TOKEN_REFILL", "NOTEGRAPH_ADDRESS_BUDGET", "NOTEGRAPH_ADDRESS_REFILL"];

/// A server in a process of its own, ended when this value is dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// The lines on standard output up to the URL of the API, and the line of the token if there is one.
    pub printed: Vec<String>,
    log: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Process {
    pub async fn serve(database: &str, arguments: &[&str]) -> Self {
        Self::serve_by(Command::new(program()), database, arguments).await
    }

    /// Starts the server with a command that runs the program with the arguments that follow.
    pub async fn serve_by(mut command: Command, database: &str, arguments: &[&str]) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_clear()
            .env("DATABASE_URL", database)
            .envs(BUDGETS.map(|variable| (variable, "1000000000000")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut errors = child.stderr.take().unwrap();
        let reading = tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                let mut bytes = vec![0; 64 << 10];
                while let Ok(read @ 1..) = errors.read(&mut bytes).await {
                    log.lock().unwrap().extend_from_slice(&bytes[..read]);
                }
            }
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = Vec::new();
        let address = loop {
            let line = timeout(AT_MOST, lines.next_line()).await.expect("no start").unwrap().expect("no address");
            printed.push(line.clone());
            if let Some(rest) = line.strip_prefix("API:") {
                break rest.trim().trim_start_matches("http://").trim_end_matches("/graphql").parse().unwrap();
            }
        };
        if arguments.contains(&"--demo") {
            printed.extend(timeout(AT_MOST, lines.next_line()).await.expect("no token").unwrap());
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address, printed, log, reading }
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// Sends one request unchanged, and reads until the server closes the connection.
    pub async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(AT_MOST, stream.read_to_end(&mut answer)).await.expect("the server does not let go");
        let log = || String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned();
        read.unwrap_or_else(|error| panic!("{error}, after {:?}: {}", String::from_utf8_lossy(&answer), log()));
        String::from_utf8(answer).unwrap()
    }

    pub async fn terminate(&self) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    /// Waits until the server ends by itself; returns its status and its whole log.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let status = timeout(AT_MOST, self.child.wait()).await.expect("the server does not end").unwrap();
        timeout(AT_MOST, self.reading).await.expect("the log does not end").unwrap();
        let log = std::mem::take(&mut *self.log.lock().unwrap());
        (status, String::from_utf8(log).unwrap())
    }
}

/// A request in bytes, on a connection that is closed after the response.
pub fn post(token: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
