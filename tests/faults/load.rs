//! Clients that write continuously, retry what has failed, and know what was acknowledged.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::Random;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::run::Run;
use crate::wire::{Answer, Wire};

const CREATE: &str = "mutation($subject: String!, $details: String!) {
    noteCreate(input: { subject: $subject, details: $details, idempotencyKey: $subject }) {
        note { id } userErrors { code } } }";
/// Timeout of all waits.
const AT_MOST: Duration = Duration::from_mins(2);
/// Number of successes in a row that count as healed.
const IN_A_ROW: usize = 5;

/// The writers, until they are stopped.
pub struct Load {
    told: Arc<Told>,
    writers: Vec<JoinHandle<Vec<String>>>,
}

#[derive(Default)]
struct Told {
    stop: AtomicBool,
    outcomes: Mutex<Vec<Outcome>>,
}

/// The result of one request of a writer.
struct Outcome {
    writer: u64,
    at: Instant,
    /// The error code, or empty if the change was made.
    code: String,
}

impl Load {
    /// Starts `writers` writers of notes, whose details have at least `length` characters.
    pub fn start(run: &Run, address: SocketAddr, token: &str, writers: u64, length: usize) -> Self {
        let told = Arc::new(Told::default());
        let writers = (0..writers)
            .map(|writer| {
                let (told, token, random) = (Arc::clone(&told), token.to_owned(), run.random(writer));
                tokio::spawn(async move { told.write(writer, address, &token, length, random).await })
            })
            .collect();
        Self { told, writers }
    }

    /// Waits until each writer has written something from now on.
    pub async fn until_all_write(&self) {
        let now = Instant::now();
        self.until("writing", |outcomes| {
            let wrote = |writer| outcomes.iter().any(|it| it.writer == writer && it.at > now && it.code.is_empty());
            (0..self.writers.len() as u64).all(wrote)
        })
        .await;
    }

    /// Waits until a writer gets this code.
    pub async fn until_told(&self, code: &str) {
        self.until(code, |outcomes| outcomes.iter().any(|it| it.code == code)).await;
    }

    /// Waits until all writers succeed again; returns the time from the end of the fault until the last one did.
    pub async fn healed(&self, end: Instant) -> Duration {
        let since = |outcomes: &[Outcome]| {
            (0..self.writers.len() as u64)
                .map(|writer| {
                    let own: Vec<&Outcome> = outcomes.iter().filter(|it| it.writer == writer && it.at > end).collect();
                    let good = own.iter().rev().take_while(|it| it.code.is_empty()).count();
                    (good >= IN_A_ROW).then(|| own[own.len() - good].at.duration_since(end))
                })
                .try_fold(Duration::ZERO, |slowest, healed| Some(slowest.max(healed?)))
        };
        self.until("healing", |outcomes| since(outcomes).is_some()).await;
        since(&self.told.outcomes.lock().unwrap()).unwrap()
    }

    /// Number of responses by code; the empty code stands for successful writes.
    pub fn codes(&self) -> BTreeMap<String, usize> {
        let mut codes = BTreeMap::new();
        for outcome in self.told.outcomes.lock().unwrap().iter() {
            *codes.entry(outcome.code.clone()).or_default() += 1;
        }
        codes
    }

    /// Waits for the last changes, and returns the subject of each acknowledged one.
    pub async fn stop(self) -> Vec<String> {
        self.told.stop.store(true, Ordering::Relaxed);
        let mut known = Vec::new();
        for writer in self.writers {
            known.extend(writer.await.unwrap());
        }
        known
    }

    async fn until(&self, what: &str, is: impl Fn(&[Outcome]) -> bool) {
        let start = Instant::now();
        while !is(&self.told.outcomes.lock().unwrap()) {
            assert!(start.elapsed() < AT_MOST, "no {what}: {:?}", self.codes());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Told {
    async fn write(
        &self,
        writer: u64,
        address: SocketAddr,
        token: &str,
        length: usize,
        mut random: Random,
    ) -> Vec<String> {
        let mut wire = Wire::connect(address, token).await.unwrap();
        let mut known = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let subject = format!("{writer}-{}", known.len());
            let more: String =
                (0..length).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap())).collect();
            let variables = json!({ "subject": subject, "details": format!("About {subject} {more}") });
            loop {
                let answer = wire.ask(CREATE, variables.clone()).await.unwrap();
                let code = code(&answer);
                let made = code.is_empty();
                self.outcomes.lock().unwrap().push(Outcome { writer, at: Instant::now(), code });
                if made {
                    break known.push(subject);
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
        known
    }
}

/// The code of a response that permits a retry; the whole response if it is another one.
fn code(answer: &Answer) -> String {
    let payload = answer.data().map(|data| &data["noteCreate"]);
    let refused = payload.and_then(|payload| payload["userErrors"][0]["code"].as_str());
    match (answer.status, answer.code(), answer.header("retry-after")) {
        (200, "", None) if payload.is_some_and(|payload| payload["note"]["id"].is_string()) => String::new(),
        (200, "", None) if refused == Some("IDEMPOTENCY_IN_PROGRESS") => "IDEMPOTENCY_IN_PROGRESS".to_owned(),
        (503, "UNAVAILABLE", Some("1")) => "UNAVAILABLE".to_owned(),
        (507, "STORAGE_FULL", None) => "STORAGE_FULL".to_owned(),
        _ => format!("{answer:?}"),
    }
}

/// Asserts that each acknowledged note exists once, and that there are no other notes.
pub fn assert_kept(known: &[String], there: &[String]) {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for subject in there {
        *count.entry(subject).or_default() += 1;
    }
    assert!(!known.is_empty(), "nothing was written");
    for subject in known {
        assert_eq!(count.get(subject.as_str()), Some(&1), "{subject} was acknowledged");
    }
    assert_eq!(known.len(), there.len(), "something was made that nobody knows of");
}
