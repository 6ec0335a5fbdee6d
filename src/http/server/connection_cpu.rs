use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The CPU time that a connection has taken on the front threads. It is known after each poll, so what is done within a
/// poll sees only what the polls before took. Requests that came over no connection have none.
#[derive(Clone, Debug, Default)]
pub struct ConnectionCpu(Arc<AtomicU64>);

impl ConnectionCpu {
    pub fn add(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::Relaxed);
    }

    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}
