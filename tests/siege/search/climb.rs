//! Hill climbing towards the highest latency of the victims, memory of the process, and CPU time of a single poll.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::candidate::{Candidate, How};
use super::generate::Generator;
use super::schema::Schema;
use crate::attack::{Attack, FROM};
use crate::cases;
use crate::process;
use crate::run::{by_form, cpu_slack, seconds, slack};
use crate::server::Server;
use crate::stage::{Stage, guard};
use crate::stored::{self, Alphabet};
use crate::victims::{Victims, percentile};
use crate::wire::post;

/// The quantities to maximize, with their limits in milliseconds, MB and milliseconds.
const GOALS: [(&str, u64); 3] = [("victims' p99 ms", 250), ("memory MB", 512), ("poll ms", 100)];
/// Minimum factor of an improvement; smaller ones are noise.
const BETTER: f64 = 1.05;

/// The results of a candidate, in the order of [`GOALS`].
#[derive(Clone, Debug, Default)]
struct Score {
    values: [u64; 3],
    /// A failed request of a victim, or the end of the process.
    failure: Option<String>,
}

/// A server on which candidates are tried one after the other.
struct Arena {
    stage: Stage,
    victims: Victims,
    /// Contents of the attackers' notes.
    stored: Option<(Alphabet, usize)>,
    /// Number of candidates of which the server answered no request.
    refused: usize,
}

impl Arena {
    fn victims_of(stage: &Stage) -> Victims {
        let people = &stage.template.cast.victims;
        Victims::start(stage.server.address, people, stage.baseline.rate, stage.run.random(1))
    }

    /// Starts another server on the same database, so that the memory of one candidate does not affect the score of
    /// another.
    async fn renew(&mut self) {
        let old = std::mem::replace(&mut self.stage.server, Server::start(self.stage.database.url(), &[]).await);
        old.end().await;
        self.victims = Self::victims_of(&self.stage);
        sleep(Duration::from_millis(300)).await;
    }

    async fn score(&mut self, candidate: &Candidate) -> Score {
        let cast = &self.stage.template.cast;
        let token = &cast.attackers[1];
        let wanted = (candidate.how.alphabet, candidate.how.length);
        if self.stored != Some(wanted) {
            stored::details(&self.stage.server, cast, wanted.0, wanted.1).await;
            self.stored = Some(wanted);
        }
        process::reset_peak(self.stage.server.pid);
        let polls = self.stage.server.log().slow_polls.len();
        let mut attack = Attack::on(self.stage.server.address);
        let request = post(token, &candidate.body());
        if candidate.how.reads {
            attack.repeat(FROM, &request, candidate.how.at_once);
        } else {
            attack.unread(&[Ipv4Addr::new(127, 0, 66, 2)], &request, candidate.how.at_once);
        }
        let (start, time) = (Instant::now(), by_form(Duration::from_millis(1_200), Duration::from_secs(4)));
        while start.elapsed() < time {
            sleep(Duration::from_millis(50)).await;
            guard(self.stage.server.pid).await;
        }
        let end = Instant::now();
        self.refused += usize::from(!attack.is_answered());
        drop(attack);
        let samples = self.victims.during(start..end).await;
        let failure = samples.iter().find_map(|sample| sample.failure.clone());
        let server = &mut self.stage.server;
        let failure = if server.runs() { failure } else { Some("the process ended".to_owned()) };
        let p99 = u64::try_from(percentile(&samples, 99).as_millis()).unwrap();
        let memory = process::peak(server.pid).unwrap_or(0) >> 20;
        let poll = server.log().slow_polls.iter().skip(polls).copied().max().unwrap_or(0);
        // A server that a candidate has filled or blocked would affect the next score.
        if failure.is_some() || server.resident() > 256 << 20 || p99 > 2_000 {
            self.renew().await;
        }
        Score { values: [p99, memory, poll], failure }
    }
}

/// Describes the limits that a score exceeds.
fn exceeded(score: &Score) -> Vec<String> {
    let factors = [slack(), 1, cpu_slack()].map(u64::from);
    let beyond = |((value, (name, bound)), factor): ((u64, (&str, u64)), u64)| {
        (value > bound * factor).then(|| format!("{name}: {value}, and at most {bound} times {factor}"))
    };
    let values = score.values.into_iter().zip(GOALS).zip(factors);
    values.filter_map(beyond).chain(score.failure.iter().map(|it| format!("a victim: {it}"))).collect()
}

/// Writes a file that `search::replay` can replay.
fn keep(name: &str, seed: u64, candidate: &Candidate, score: &Score) -> PathBuf {
    let (query, variables) = candidate.render();
    let goals: Value = GOALS.iter().zip(score.values).map(|((name, _), value)| json!({ *name: value })).collect();
    let found = json!({ "seed": seed, "found": goals, "how": candidate.how, "query": query, "variables": variables });
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("siege-{name}.json"));
    std::fs::write(&path, serde_json::to_string_pretty(&found).unwrap()).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worst_request_is_bearable() {
    let stage = Stage::set("search::the_worst_request_is_bearable").await;
    let (schema, seed) = (Schema::read(), stage.run.seed);
    let template = std::sync::Arc::clone(&stage.template);
    let mut generator = Generator { schema: &schema, keys: &template.cast.keys, random: stage.run.random(3) };
    let victims = Arena::victims_of(&stage);
    let mut arena = Arena { stage, victims, stored: None, refused: 0 };
    let mut seeds = cases::all();
    while seeds.len() > by_form(4, 100) {
        seeds.remove(generator.random.below(seeds.len()));
    }
    let names: Vec<&str> = seeds.iter().map(|case| case.name).collect();
    arena.stage.run.say(format_args!("begins with {names:?}"));
    let how = |length| How { alphabet: Alphabet::Words, length, at_once: 10, reads: true };
    let mut waiting: Vec<Candidate> = seeds.iter().map(|case| Candidate::of(case, &schema, how(20_000))).collect();
    let mut best: [Option<(Candidate, Score)>; 3] = [None, None, None];
    let mut wrong: Vec<String> = Vec::new();
    let until = Instant::now() + seconds(15, 30 * 60);
    let mut tried = 0;
    while Instant::now() < until {
        let candidate = waiting.pop().unwrap_or_else(|| {
            let known: Vec<&Candidate> = best.iter().flatten().map(|(candidate, _)| candidate).collect();
            let from = (*generator.random.pick(&known)).clone();
            generator.changed(&from)
        });
        let score = arena.score(&candidate).await;
        tried += 1;
        for ((goal, (name, _)), file) in best.iter_mut().enumerate().zip(GOALS).map(|((at, it), goal)| ((it, goal), at))
        {
            let value = score.values[file];
            let before = goal.as_ref().map_or(0.0, |(_, score)| as_float(score.values[file]));
            if goal.is_none() || as_float(value) > before * BETTER {
                let path = keep(["slowest", "largest", "longest"][file], seed, &candidate, &score);
                arena.stage.run.say(format_args!("{name} {value}, request {tried}: {}", path.display()));
                *goal = Some((candidate.clone(), score.clone()));
            }
        }
        let beyond = exceeded(&score);
        if !beyond.is_empty() && wrong.len() < 5 {
            let path = keep(&format!("beyond-{}", wrong.len()), seed, &candidate, &score);
            wrong.push(format!("{beyond:?}: {}", path.display()));
        }
    }
    arena
        .stage
        .run
        .say(format_args!("{tried} requests were tried, of which {} were refused or not answered", arena.refused));
    assert!(tried > 3 && arena.refused < tried, "only {tried} requests were tried, and {} refused", arena.refused);
    assert!(wrong.is_empty(), "requests exceed the bounds (seed {seed}):\n  {}", wrong.join("\n  "));
}

fn as_float(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}
