//! Compares the engine with other executors of the same documents over the same rows: what they agree on is what the
//! specification says.
//!
//! `NOTEGRAPH_ORACLE_SEED` chooses other documents, and `NOTEGRAPH_ORACLE_DOCUMENTS` sets their number.

mod compare;
mod contract;
mod document;
mod export;
mod generate;
pub mod mutate;
pub mod random;
mod stock;
mod values;
pub mod verdicts;
mod world;

use compare::{difference, is_refused, is_refused_wrongly};
pub use contract::{Argument, Contract, Field, Kind, innermost};
use document::Document;
pub use generate::{Style, Words, document};
use random::Random;
use world::{Failing, World};

/// Number of documents over the rows of one database.
const EACH: usize = 500;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
}

fn seed() -> u64 {
    setting("NOTEGRAPH_ORACLE_SEED", 1)
}

fn documents() -> usize {
    usize::try_from(setting("NOTEGRAPH_ORACLE_DOCUMENTS", 5_000)).unwrap()
}

/// The result of comparing the responses to a document.
enum Shown {
    Equal,
    /// The library refuses the document wrongly, so there is nothing to compare.
    Refused,
    Different(String),
}

async fn show(world: &World, document: &Document, failing: &Failing) -> Shown {
    let (ours, theirs) = tokio::join!(world.ours(document, failing), world.theirs(document, failing));
    if !is_refused(&ours) && is_refused_wrongly(&theirs) {
        return Shown::Refused;
    }
    if is_refused(&ours) || is_refused(&theirs) {
        return Shown::Different(format!("refused: {:?} {:?}", ours.errors, theirs.errors));
    }
    difference(&ours, &theirs).map_or(Shown::Equal, Shown::Different)
}

/// The difference that a document shows, if any.
async fn wrong(world: &World, document: &Document, failing: &Failing) -> Option<String> {
    match show(world, document, failing).await {
        Shown::Different(message) => Some(message),
        Shown::Equal | Shown::Refused => None,
    }
}

/// Shrinks a document while it still shows a difference, and describes the result.
async fn shrunk(world: &World, mut document: Document, mut failing: Failing, mut message: String) -> String {
    let refused = is_refused(&world.ours(&document, &failing).await);
    'again: loop {
        for index in 0..failing.len() {
            let mut less = failing.clone();
            less.remove(index);
            if let Some(still) = wrong(world, &document, &less).await {
                (failing, message) = (less, still);
                continue 'again;
            }
        }
        for less in document.smaller() {
            // A document that has become invalid proves nothing.
            if is_refused(&world.ours(&less, &failing).await) && !refused {
                continue;
            }
            if let Some(still) = wrong(world, &less, &failing).await {
                (document, message) = (less, still);
                continue 'again;
            }
        }
        let variables = serde_json::to_string(&document.sent()).unwrap();
        return format!("{message}\n{}\nvariables: {variables}\nfailing: {failing:?}", document.text());
    }
}

/// Chooses some of the document's loads to fail.
fn choose(asked: &Failing, random: &mut Random) -> Failing {
    if asked.is_empty() {
        return Vec::new();
    }
    (0..=random.below(3)).map(|_| random.one(asked).clone()).collect()
}

/// Compares the responses to a document. Returns whether they could be compared, and panics if they differ.
async fn check(name: &str, seed: u64, world: &World, document: &Document, failing: Failing) -> bool {
    match show(world, document, &failing).await {
        Shown::Equal => true,
        Shown::Refused => false,
        Shown::Different(message) => {
            let message = shrunk(world, document.clone(), failing, message).await;
            panic!("{name}, seed {seed}: {message}");
        }
    }
}

/// The counts of a run.
#[derive(Default)]
struct Tally {
    lines: usize,
    /// Injected failures.
    failures: usize,
    /// Valid documents that the library refuses, in addition to the compared ones.
    refused: usize,
}

/// Compares `count` documents over the rows of one database, not counting those that the library refuses.
async fn batch(name: &str, style: Style, seed: u64, count: usize) -> Tally {
    let contract = Contract::read();
    let mut random = Random::new(seed);
    let world = World::random(&mut random).await;
    let (mut tally, mut compared) = (Tally::default(), 0);
    while compared < count {
        let document = generate::document(&contract, &world.words, style, &mut random);
        let asked = if style.wrong { world.asked(&document).await.1 } else { Vec::new() };
        let failing = choose(&asked, &mut random);
        tally.failures += failing.len();
        if !check(name, seed, &world, &document, failing).await {
            tally.refused += 1;
            assert!(tally.refused < 10 * EACH, "{name}, seed {seed}: only {compared} documents are not refused");
            continue;
        }
        if compared.is_multiple_of(10) {
            // Let each load fail, one after the other.
            for asked in asked {
                check(name, seed, &world, &document, vec![asked]).await;
                tally.failures += 1;
            }
        }
        tally.lines += document.text().lines().count();
        compared += 1;
    }
    tally
}

async fn agree(name: &'static str, style: Style) {
    // The other half of the documents runs with injected failures.
    let (first, count) = (seed(), documents().div_ceil(2));
    // Two batches at a time, one per thread.
    let seeds: Vec<u64> = (first..).take(count.div_ceil(EACH)).collect();
    println!("{name}: {count} documents, seeds {first} to {}", seeds.last().unwrap());
    let mut all = Tally::default();
    for pair in seeds.chunks(2) {
        let batches = pair.iter().map(|seed| tokio::spawn(batch(name, style, *seed, EACH.min(count))));
        for batch in batches.collect::<Vec<_>>() {
            let Tally { lines, failures, refused } = batch.await.unwrap();
            (all.lines, all.failures, all.refused) =
                (all.lines + lines, all.failures + failures, all.refused + refused);
        }
    }
    let Tally { lines, failures, refused } = all;
    println!("{name}: all equal; {lines} lines, {failures} failures on purpose; {refused} more were wrongly refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_equals_the_executor_of_the_library() {
    agree("library", Style { merge: true, wrong: false, plain: false }).await;
}

/// Without merging, because the library keeps an object whose other occurrence became null.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_equals_the_executor_of_the_library_when_loads_fail() {
    agree("library, failing", Style { merge: false, wrong: true, plain: false }).await;
}

/// The other half are `web/check/oracle.mjs` and `web/check/introspection.mjs`; `.ci/oracle` runs all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_written_for_the_reference_implementation() {
    let Ok(folder) = std::env::var("NOTEGRAPH_ORACLE_FOLDER") else {
        println!("nothing is written: NOTEGRAPH_ORACLE_FOLDER names no folder");
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    export::schema(&folder).await;
    let count = documents();
    let seeds: Vec<u64> = (seed()..).take(count.div_ceil(EACH)).collect();
    for pair in seeds.chunks(2) {
        let batches = pair.iter().map(|&seed| {
            let folder = folder.clone();
            tokio::spawn(async move { export::batch(&folder, seed, EACH.min(count)).await })
        });
        for batch in batches.collect::<Vec<_>>() {
            batch.await.unwrap();
        }
    }
}

/// Default number of verdicts; the nightly run compares a hundred thousand.
const VERDICTS: u64 = 8_000;

/// The other half is `web/check/verdicts.mjs`; `.ci/oracle` runs both. `NOTEGRAPH_ORACLE_VERDICTS` sets the number of
/// verdicts.
#[test]
fn verdicts_are_written_for_the_reference_implementation() {
    let count = usize::try_from(setting("NOTEGRAPH_ORACLE_VERDICTS", VERDICTS)).unwrap();
    let Ok(folder) = std::env::var("NOTEGRAPH_ORACLE_FOLDER") else {
        // Without a folder, making the verdicts still shows that none of the requests crashes the server.
        assert_eq!(verdicts::lines(seed(), 500).lines().count(), 500);
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    std::fs::write(folder.join("verdicts.graphql"), notegraph::schema::sdl()).unwrap();
    std::fs::write(folder.join("verdicts.ndjson"), verdicts::lines(seed(), count)).unwrap();
}
