//! Users who work while the server is attacked.
//!
//! They are an open load: a request is sent when it is due, whether or not earlier ones are answered, and its latency
//! counts from then. A server that stalls for a second thus delays all requests that are due in that second, of which a
//! closed loop would see only one (coordinated omission).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use testkit::Random;
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};

use crate::template::Person;
use crate::wire::{Wire, post};
use crate::work::{self, Work};

/// Timeout after which a request has failed.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum idle time of a connection that is reused; the server closes it after a minute.
const IDLE: Duration = Duration::from_secs(20);

/// The result of a request.
#[derive(Clone, Debug)]
pub struct Sample {
    pub work: Work,
    pub due: Instant,
    pub took: Duration,
    /// The error, if the request failed.
    pub failure: Option<String>,
}

/// The running load, until it is stopped.
pub struct Victims {
    seen: Arc<Seen>,
    pace: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    /// Due times of the requests in flight.
    pending: Mutex<HashMap<usize, Instant>>,
    /// Requests that were answered, or have failed.
    samples: Mutex<Vec<Sample>>,
}

struct Victim {
    person: Person,
    from: Ipv4Addr,
    address: SocketAddr,
    idle: Mutex<Vec<(Wire, Instant)>>,
}

impl Victims {
    /// Starts to send `rate` requests per second, in total for all users.
    pub fn start(address: SocketAddr, people: &[Person], rate: f64, mut random: Random) -> Self {
        let victims: Vec<Arc<Victim>> = (1..)
            .zip(people)
            .map(|(number, person)| {
                let from = Ipv4Addr::new(127, 0, 1, number);
                Arc::new(Victim { person: person.clone(), from, address, idle: Mutex::default() })
            })
            .collect();
        let seen = Arc::new(Seen::default());
        let pace = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                let mut due = Instant::now();
                for number in 0.. {
                    due += pause(rate, &mut random);
                    sleep_until(due.into()).await;
                    let victim = Arc::clone(&victims[number % victims.len()]);
                    let work = work::ALL[random.below(work::ALL.len())];
                    let body = work.body(&victim.person.keys, &mut random);
                    seen.pending.lock().unwrap().insert(number, due);
                    let seen = Arc::clone(&seen);
                    tokio::spawn(async move {
                        let failure = victim.ask(work, &body).await.err();
                        seen.samples.lock().unwrap().push(Sample { work, due, took: due.elapsed(), failure });
                        seen.pending.lock().unwrap().remove(&number);
                    });
                }
            }
        });
        Self { seen, pace }
    }

    /// Waits until all requests that were due in `during` are answered or have failed, and returns them.
    pub async fn during(&self, during: Range<Instant>) -> Vec<Sample> {
        let is_pending = |due: &Instant| during.contains(due);
        while self.seen.pending.lock().unwrap().values().any(is_pending) {
            sleep(Duration::from_millis(10)).await;
        }
        let samples = self.seen.samples.lock().unwrap();
        samples.iter().filter(|sample| during.contains(&sample.due)).cloned().collect()
    }

    /// Stops sending, and returns the requests that were due in `during`.
    pub async fn stop(self, during: Range<Instant>) -> Vec<Sample> {
        self.pace.abort();
        self.during(during).await
    }
}

impl Drop for Victims {
    fn drop(&mut self) {
        self.pace.abort();
    }
}

impl Victim {
    async fn ask(&self, work: Work, body: &str) -> Result<(), String> {
        let request = post(&self.person.token, body);
        let exchange = async {
            let idle = self.idle.lock().unwrap().pop().filter(|(_, since)| since.elapsed() < IDLE);
            let mut wire = match idle {
                Some((wire, _)) => wire,
                None => Wire::connect(self.address, self.from).await?,
            };
            let answer = wire.ask(&request, usize::MAX).await?;
            self.idle.lock().unwrap().push((wire, Instant::now()));
            std::io::Result::Ok(answer)
        };
        let answer = timeout(PATIENCE, exchange)
            .await
            .map_err(|_| format!("{work:?}: no answer in {PATIENCE:?}"))?
            .map_err(|error| format!("{work:?}: {error}"))?;
        let is_good = answer.status == 200 && !answer.has("\"errors\":[") && !answer.has("\"userErrors\":[{");
        let told = || String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>();
        match answer.code() {
            _ if is_good => Ok(()),
            code if code == "200" => Err(format!("{work:?}: {}", told())),
            code => Err(format!("{work:?}: {code}")),
        }
    }
}

/// The time between two requests of many independent users (exponentially distributed).
fn pause(rate: f64, random: &mut Random) -> Duration {
    let uniform = (f64::from(u32::try_from(random.below(1 << 20)).unwrap()) + 1.0) / f64::from(1 << 20);
    Duration::from_secs_f64(-uniform.ln() / rate)
}

/// The latency that `percent` percent of the requests do not exceed.
pub fn percentile<'a>(samples: impl IntoIterator<Item = &'a Sample>, percent: usize) -> Duration {
    let mut times: Vec<Duration> = samples.into_iter().map(|sample| sample.took).collect();
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get((times.len() * percent / 100).min(last)).copied().unwrap_or_default()
}

/// The 99th percentile of each kind of request.
pub fn by_work(samples: &[Sample]) -> String {
    let of = |work| percentile(samples.iter().filter(|sample| sample.work == work), 99);
    work::ALL.map(|work| format!("{work:?} {:.0?}", of(work))).join(", ")
}

/// The slowest requests with their due times, in seconds after the first request.
pub fn slowest(samples: &[Sample]) -> String {
    let first = samples.iter().map(|sample| sample.due).min();
    let mut slow: Vec<&Sample> = samples.iter().collect();
    slow.sort_by_key(|sample| Reverse(sample.took));
    let told = slow.iter().take(8).map(|Sample { work, due, took, .. }| {
        let after = first.map_or(0.0, |first| due.duration_since(first).as_secs_f64());
        format!("{work:?} {took:.0?} at {after:.2} s")
    });
    told.collect::<Vec<_>>().join(", ")
}
