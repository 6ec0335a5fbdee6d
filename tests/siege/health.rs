//! Probes `/livez` and `/readyz` continuously from another address, as a load balancer does.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::wire::Wire;

const FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 1);
const PAUSE: Duration = Duration::from_millis(100);
/// Timeout of a load balancer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Probes of one path of the server, until they are stopped.
pub struct Probes {
    seen: Arc<Mutex<Seen>>,
    probing: JoinHandle<()>,
}

/// The results of the probes.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub count: usize,
    pub slowest: Duration,
    /// All results except status 200.
    pub failures: Vec<String>,
}

impl Probes {
    pub fn start(address: SocketAddr, path: &'static str) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let probing = tokio::spawn({
            let seen = Arc::clone(&seen);
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes();
            async move {
                let mut kept = None;
                loop {
                    let start = Instant::now();
                    let exchange = async {
                        let mut wire = match kept.take() {
                            Some(wire) => wire,
                            None => Wire::connect(address, FROM).await?,
                        };
                        let answer = wire.ask(&request, 0).await?;
                        std::io::Result::Ok((wire, answer.status))
                    };
                    let failure = match timeout(PATIENCE, exchange).await {
                        Ok(Ok((wire, 200))) => {
                            kept = Some(wire);
                            None
                        }
                        Ok(Ok((_, status))) => Some(status.to_string()),
                        Ok(Err(error)) => Some(error.to_string()),
                        Err(_) => Some(format!("no answer in {PATIENCE:?}")),
                    };
                    {
                        let mut seen = seen.lock().unwrap();
                        seen.count += 1;
                        seen.slowest = seen.slowest.max(start.elapsed());
                        seen.failures.extend(failure);
                    }
                    sleep(PAUSE).await;
                }
            }
        });
        Self { seen, probing }
    }

    pub fn stop(self) -> Seen {
        self.probing.abort();
        self.seen.lock().unwrap().clone()
    }
}
