//! The server under attack, a process with default limits.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::process;
use crate::run::setting;

/// Timeout of a start, including the backfill of derived data.
const START: Duration = Duration::from_mins(2);
/// Timeout of an exit, after which the process is killed.
const END: Duration = Duration::from_secs(20);
/// Text in the watchdog's warning; its field `milliseconds` is the CPU time of the poll.
const SLOW_POLL: &str = "poll";
/// Maximum number of lines with warnings that are kept and shown if a case fails.
const KEPT_LINES: usize = 40;

/// A server process, ended when this value is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub pid: u32,
    log: Arc<Mutex<Log>>,
    reading: JoinHandle<()>,
}

/// The relevant part of the log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// CPU time of each poll that the watchdog warned about, in milliseconds.
    pub slow_polls: Vec<u64>,
    /// The first warnings, errors and lines in another format, such as those of a panic or an abort.
    pub unusual: Vec<String>,
}

/// How a server ended after SIGTERM.
pub struct Ending {
    /// `None` if it had to be killed.
    pub took: Option<Duration>,
    pub success: bool,
    pub log: Log,
}

/// The program to run.
pub fn program() -> String {
    setting("NOTEGRAPH_SIEGE_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_notegraph").to_owned())
}

impl Server {
    pub async fn start(database: &str, arguments: &[&str]) -> Self {
        // Thousands of connections need as many open files as the system permits.
        let script = "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh", &program(), "serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DATABASE_URL", database)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Log::default()));
        let reading = tokio::spawn(digest(child.stderr.take().unwrap(), Arc::clone(&log)));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = timeout(START, lines.next_line()).await.expect("no start").unwrap();
            let line = line.unwrap_or_else(|| panic!("the server did not start: {:?}", log.lock().unwrap()));
            if let Some(rest) = line.strip_prefix("API:") {
                break rest.trim().trim_start_matches("http://").trim_end_matches("/graphql").parse().unwrap();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let pid = child.id().expect("the server runs");
        Self { child, address, pid, log, reading }
    }

    /// Whether the process is still running.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub fn resident(&self) -> u64 {
        process::resident(self.pid).unwrap_or(0)
    }

    /// The log so far.
    pub fn log(&self) -> Log {
        self.log.lock().unwrap().clone()
    }

    /// Sends SIGTERM and waits for the exit; kills the process after a timeout.
    pub async fn end(mut self) -> Ending {
        let told = Instant::now();
        let sent = Command::new("kill").args(["-TERM", &self.pid.to_string()]).status().await;
        let ended = match sent {
            Ok(status) if status.success() => timeout(END, self.child.wait()).await.ok().and_then(Result::ok),
            _ => self.child.wait().await.ok(),
        };
        let took = ended.map(|_| told.elapsed());
        if ended.is_none() {
            let _ = self.child.kill().await;
        }
        let _ = timeout(END, self.reading).await;
        let log = std::mem::take(&mut *self.log.lock().unwrap());
        Ending { took, success: ended.is_some_and(|status| status.success()), log }
    }
}

/// Reads the log and keeps only unusual lines, as an attack can cause gigabytes of usual ones.
async fn digest(errors: impl AsyncRead + Unpin, log: Arc<Mutex<Log>>) {
    let mut lines = BufReader::new(errors).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        if line.contains(" INFO ") {
            continue;
        }
        let mut log = log.lock().unwrap();
        if let Some(milliseconds) = slow_poll(&line) {
            log.slow_polls.push(milliseconds);
        }
        if log.unusual.len() < KEPT_LINES {
            log.unusual.push(line.chars().take(400).collect());
        }
    }
}

/// The CPU time of a poll, if the line is the watchdog's.
fn slow_poll(line: &str) -> Option<u64> {
    if !line.contains(" WARN ") || !line.contains(SLOW_POLL) {
        return None;
    }
    let (_, rest) = line.split_once("milliseconds=")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn the_watchdogs_line_is_read() {
    let line =
        "2026-11-29T22:00:00.000000Z  WARN notegraph::scheduling::watchdog: a poll took long milliseconds=312 worker=1";
    assert_eq!(slow_poll(line), Some(312));
    assert_eq!(slow_poll("2026-11-29T22:00:00.000000Z  WARN notegraph: a poll of the feed failed"), None);
    assert_eq!(slow_poll("2026-11-29T22:00:00.000000Z  INFO request: answered milliseconds=312"), None);
}
