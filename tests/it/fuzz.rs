//! Fuzzing: no input causes a panic, takes long, or gets an error that is the server's fault.
//!
//! Each target gets a few hundred inputs, or as many as fit into `NOTEGRAPH_FUZZ_SECONDS`. It prints its seed;
//! `NOTEGRAPH_FUZZ_SEED` repeats the inputs of a seed.

mod asked;
mod cursors;
mod documents;
mod filters;
mod gate;
mod handed;
mod ids;
mod imports;
mod manifests;
mod texts;

use std::cell::Cell;
use std::fmt::Debug;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use notegraph::store::entity::token::Scope;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::{Builder, Runtime};

use testkit::{App, Client, Response};

/// Maximum time of one input: 20 ms in a release build, and fifty times as much in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 20 });
/// Number of inputs of one seed, after which the clock is checked.
const SOME: u32 = 50;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no whole number: {text}")))
}

/// Runs a target on at least `count` inputs, or for as long as the environment says.
fn fuzz<S>(name: &str, count: u32, inputs: &S, target: impl Fn(&S::Value) -> Result<(), String>)
where
    S: Strategy,
    S::Value: Debug,
{
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = setting("NOTEGRAPH_FUZZ_SEED").unwrap_or_else(|| u64::from(since.subsec_nanos()));
    let time = setting("NOTEGRAPH_FUZZ_SECONDS").map(Duration::from_secs);
    let config = Config { cases: SOME, failure_persistence: None, max_shrink_time: 60_000, ..Config::default() };
    let (slowest, given) = (Cell::new(Duration::ZERO), Cell::new(0));
    let start = Instant::now();
    // Each group of `SOME` inputs has its own seed, as a runner stops after its number of cases.
    for seed in seed.. {
        if time.map_or(given.get() >= count, |time| start.elapsed() >= time) {
            break;
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_le_bytes(), [0; 8], [0; 8], [0; 8]].concat());
        let outcome = TestRunner::new_with_rng(config.clone(), rng).run(inputs, |input| {
            given.set(given.get() + 1);
            let mut took = Duration::MAX;
            // An input that was slow by chance is fast another time.
            for _ in 0..3 {
                let start = Instant::now();
                target(&input).map_err(TestCaseError::fail)?;
                took = took.min(start.elapsed());
                if took < LONGEST {
                    break;
                }
            }
            slowest.set(slowest.get().max(took));
            if took < LONGEST { Ok(()) } else { Err(TestCaseError::fail(format!("it took {took:?}"))) }
        });
        match outcome {
            Ok(()) => {}
            Err(TestError::Fail(reason, input)) => panic!("{name}, seed {seed}: {reason}\n{input:#?}"),
            Err(TestError::Abort(reason)) => panic!("{name}, seed {seed}: {reason}"),
        }
    }
    let slowest = slowest.get().as_secs_f64() * 1_000.0;
    eprintln!("{name}: {} inputs, from the seed {seed} on, the slowest {slowest:.1} ms", given.get());
}

/// A server with some notes and people, and a runtime for its requests.
struct Asked {
    // Dropped before the runtime, which its drop needs.
    client: Client,
    runtime: Runtime,
}

impl Asked {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let app = App::start().await;
            let acme = app.company("Acme").await;
            let ann = acme.user("ann").await;
            let cara = acme.customer("Cara").await;
            for subject in ["One", "Größe 100%", "手机"] {
                let note = acme.note(|note| {
                    (note.user_id, note.customer_id) = (Some(ann.id), Some(cara.id));
                    note.subject = Some(subject.to_owned());
                });
                let note = note.await;
                acme.assign(note.id, ann.id).await;
                acme.message(note.id, |message| message.posted_by_id = Some(ann.id)).await;
            }
            ann.token(&[Scope::Write]).await
        });
        Self { client, runtime }
    }

    fn ask(&self, document: &str, variables: serde_json::Value) -> Response {
        self.runtime.block_on(self.client.query_with(document, variables))
    }
}

/// Fails unless every error is the client's fault.
fn blames_the_client(response: &Response, codes: &[&str]) -> Result<(), String> {
    let known = response.codes().iter().all(|code| codes.contains(code));
    let answers = response.body.is_object() && [200, 400].contains(&response.status);
    if known && answers { Ok(()) } else { Err(format!("{}: {:.1000}", response.status, response.text)) }
}
