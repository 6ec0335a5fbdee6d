//! Measures the server without attackers: its capacity, and the victims' latency next to honest load.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use testkit::Random;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::run::{Run, random, seconds};
use crate::server::Server;
use crate::stage::load_of;
use crate::template::{Person, Template};
use crate::victims::{PATIENCE, Victims, by_work, percentile};
use crate::wire::{Wire, post};
use crate::work;

/// Numbers of clients without pauses between their requests, from light load to a saturated machine.
const HONEST: [usize; 4] = [0, 1, 4, 20];
/// Budgets would end this measurement.
const UNLIMITED: [&str; 8] = [
    "--token-budget",
    "1000000000000",
    "--token-refill",
    "1000000000000",
    "--address-budget",
    "1000000000000",
    "--address-refill",
    "1000000000000",
];

#[derive(Clone, Debug)]
pub struct Baseline {
    /// Requests per second of the victims: a tenth of the capacity.
    pub rate: f64,
    /// CPUs in use by an honest load, and the victims' 99th percentile next to it, ordered by CPUs.
    honest: Vec<(f64, Duration)>,
}

impl Baseline {
    pub async fn measure(run: &Run, template: &Template) -> Self {
        let database = template.copy().await;
        let server = Server::start(database.url(), &UNLIMITED).await;
        let clients = |count| -> Vec<Person> { template.cast.victims.iter().cycle().take(count).cloned().collect() };
        // Warm-up, so that the first requests do not count a cold start.
        closed_loop(&server, &clients(20), seconds(1, 3), run.seed).await;
        let time = seconds(2, 10);
        let answered = closed_loop(&server, &clients(20), time, run.seed).await;
        let capacity = f64::from(u32::try_from(answered).unwrap()) / time.as_secs_f64();
        let rate = (capacity / 10.0).max(1.0);
        run.say(format_args!("capacity {capacity:.0} requests a second, of which the victims send {rate:.0}"));
        let mut honest = Vec::new();
        for count in HONEST {
            let victims = Victims::start(server.address, &template.cast.victims, rate, run.random(2));
            let start = Instant::now();
            let people = clients(count);
            let load = load_of(&server, database.url(), async {
                closed_loop(&server, &people, seconds(3, 15), run.seed).await;
            })
            .await;
            let samples = victims.stop(start..Instant::now()).await;
            let failure = samples.iter().find_map(|sample| sample.failure.as_deref());
            assert_eq!(failure, None, "a request failed without an attack");
            let p99 = percentile(&samples, 99);
            let by_work = by_work(&samples);
            run.say(format_args!("{count} honest clients, {load:.2} CPUs: victims' p99 {p99:.1?} ({by_work})"));
            honest.push((load, p99));
        }
        let ending = server.end().await;
        assert!(ending.success, "{:?}", ending.log);
        honest.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { rate, honest }
    }

    /// The victims' 99th percentile next to an honest load that uses as much CPU time, interpolated.
    pub fn p99_beside(&self, load: f64) -> Duration {
        let (below, above): (Vec<_>, Vec<_>) = self.honest.iter().partition(|(cpus, _)| *cpus <= load);
        match (below.last(), above.first()) {
            (Some((low, fast)), Some((high, slow))) => {
                let share = ((load - low) / (high - low)).clamp(0.0, 1.0);
                fast.mul_f64(1.0 - share) + slow.mul_f64(share)
            }
            (Some((_, p99)), None) | (None, Some((_, p99))) => *p99,
            (None, None) => Duration::ZERO,
        }
    }
}

/// Runs clients that each send their next request when the last one is answered. Returns the number of responses.
async fn closed_loop(server: &Server, people: &[Person], time: Duration, seed: u64) -> usize {
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    let until = Instant::now() + time;
    for (number, person) in people.iter().cloned().enumerate() {
        let (answered, address) = (Arc::clone(&answered), server.address);
        let mut random: Random = random(seed, 1_000 + number as u64);
        clients.spawn(async move {
            let from = Ipv4Addr::new(127, 0, 2, u8::try_from(number + 1).unwrap());
            let mut wire = Wire::connect(address, from).await.unwrap();
            while Instant::now() < until {
                let work = work::ALL[random.below(work::ALL.len())];
                let request = post(&person.token, &work.body(&person.keys, &mut random));
                let answer = timeout(PATIENCE, wire.ask(&request, 4 << 10)).await.expect("no answer").unwrap();
                assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    sleep(time).await;
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    answered.load(Ordering::Relaxed)
}
