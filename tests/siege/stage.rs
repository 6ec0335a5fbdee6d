//! A server with victims, probes and measurements, ready for an attack.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use testkit::Database;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::attack::Attack;
use crate::baseline::Baseline;
use crate::health::Probes;
use crate::process;
use crate::run::Run;
use crate::server::Server;
use crate::template::{Template, door, name};
use crate::verdict::{Bounds, Seen};
use crate::victims::Victims;

const SAMPLE: Duration = Duration::from_millis(50);
/// Maximum resident memory of a server in bytes, after which it is killed: eight times its promised limit.
const MACHINE: u64 = 4 << 30;
/// Time before the attack in which connections are opened and statements prepared.
const WARM_UP: Duration = Duration::from_secs(1);

pub struct Stage {
    pub run: Run,
    pub template: Arc<Template>,
    pub server: Server,
    pub database: Database,
    pub baseline: Baseline,
}

/// The part of a case in which victims work and everything is measured.
pub struct Siege {
    pub victims: Victims,
    live: Probes,
    ready: Probes,
    gauge: Gauge,
    began: Instant,
}

impl Stage {
    /// Waits for the turn of this case and starts a server with default limits on a copy of the template.
    pub async fn set(name: &'static str) -> Self {
        // Taken before the turn comes, so that the template survives between two cases.
        let template = Template::shared().await;
        let run = Run::begin(name).await;
        let baseline = template.baseline.get_or_init(async || Baseline::measure(&run, &template).await).await.clone();
        let database = template.copy().await;
        let server = Server::start(database.url(), &[]).await;
        Self { run, template, server, database, baseline }
    }

    /// Starts the victims and the probes; the attack comes next.
    pub async fn begin(&self) -> Siege {
        let people = &self.template.cast.victims;
        let victims = Victims::start(self.server.address, people, self.baseline.rate, self.run.random(1));
        let live = Probes::start(self.server.address, "/livez");
        let ready = Probes::start(self.server.address, "/readyz");
        sleep(WARM_UP).await;
        let gauge = Gauge::start(self.server.pid, self.database.url()).await;
        Siege { victims, live, ready, gauge, began: Instant::now() }
    }

    /// Collects what victims and probes have seen, and ends the server, which is under attack until then. Prints the
    /// figures, and fails if they exceed the limits.
    pub async fn judge(self, siege: Siege, attack: Attack, bounds: &Bounds) {
        self.measure(siege, attack).await.judge(bounds);
    }

    /// Like [`judge`](Self::judge), but only measures.
    pub async fn measure(mut self, siege: Siege, attack: Attack) -> Seen {
        let now = Instant::now();
        let cpu = siege.gauge.stop().await;
        let (live, ready) = (siege.live.stop(), siege.ready.stop());
        let samples = siege.victims.stop(siege.began..now).await;
        let (runs, peak) = (self.server.runs(), process::peak(self.server.pid));
        let ending = self.server.end().await;
        self.run.say(format_args!("the attackers were told {}", attack.tally()));
        let seconds = now.duration_since(siege.began).as_secs_f64();
        let resident = peak.unwrap_or(0).max(cpu.resident);
        let load = (cpu.used.as_secs_f64() / seconds).min(64.0);
        let honest = self.baseline.p99_beside(load);
        Seen { run: self.run, samples, live, ready, resident, load, honest, died: !runs, ending }
    }
}

/// Measures a process, and the `PostgreSQL` backends that serve it, until it is stopped.
struct Gauge {
    reading: Arc<Mutex<Reading>>,
    sampling: JoinHandle<()>,
}

/// The results of a measurement.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// CPU time of the server and of the database processes that serve it.
    pub used: Duration,
    /// Peak of the server's resident memory in bytes.
    pub resident: u64,
}

impl Gauge {
    async fn start(pid: u32, url: &str) -> Self {
        let reading = Arc::new(Mutex::new(Reading::default()));
        let backends = if url.starts_with("postgres") { Some(Backends::of(url).await) } else { None };
        let sampling = tokio::spawn({
            let reading = Arc::clone(&reading);
            async move {
                let before = process::cpu(pid).unwrap_or_default();
                let mut of_database = Duration::ZERO;
                let mut backends = backends;
                for number in 0.. {
                    if let Some(backends) = backends.as_mut().filter(|_| number % 10 == 0) {
                        of_database += backends.used().await;
                    }
                    guard(pid).await;
                    let own = process::cpu(pid).map(|cpu| cpu.saturating_sub(before));
                    {
                        let mut reading = reading.lock().unwrap();
                        reading.resident = reading.resident.max(process::resident(pid).unwrap_or(0));
                        if let Some(own) = own {
                            reading.used = own + of_database;
                        }
                    }
                    sleep(SAMPLE).await;
                }
            }
        });
        Self { reading, sampling }
    }

    async fn stop(self) -> Reading {
        self.sampling.abort();
        let _ = self.sampling.await;
        self.reading.lock().unwrap().clone()
    }
}

/// Kills a server that takes so much memory that the machine could run out of it; the case has failed by then.
pub async fn guard(pid: u32) {
    if process::resident(pid).is_some_and(|bytes| bytes > MACHINE) {
        let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status().await;
    }
}

/// The number of CPUs that are used while `work` runs.
pub async fn load_of(server: &Server, url: &str, work: impl Future<Output = ()>) -> f64 {
    let gauge = Gauge::start(server.pid, url).await;
    let start = Instant::now();
    work.await;
    let reading = gauge.stop().await;
    reading.used.as_secs_f64() / start.elapsed().as_secs_f64()
}

/// The `PostgreSQL` processes that serve one database, if they run on this machine.
struct Backends {
    door: DatabaseConnection,
    sql: String,
    known: std::collections::HashMap<u32, Duration>,
}

impl Backends {
    async fn of(url: &str) -> Self {
        let mut other = url::Url::parse(url).unwrap();
        other.set_path("postgres");
        let sql = format!("SELECT pid FROM pg_stat_activity WHERE datname = '{}'", name(url));
        let mut backends = Self { door: door(other.as_str()).await, sql, known: std::collections::HashMap::new() };
        backends.used().await;
        backends
    }

    /// The CPU time used since the last call.
    async fn used(&mut self) -> Duration {
        let statement = Statement::from_string(self.door.get_database_backend(), &self.sql);
        let rows = self.door.query_all_raw(statement).await.unwrap_or_default();
        let pids = rows.iter().filter_map(|row| u32::try_from(row.try_get::<i32>("", "pid").ok()?).ok());
        let mut used = Duration::ZERO;
        for pid in pids {
            let now = process::cpu(pid).unwrap_or_default();
            // A new process has used all its time since then.
            used += now.saturating_sub(self.known.insert(pid, now).unwrap_or_default());
        }
        used
    }
}
