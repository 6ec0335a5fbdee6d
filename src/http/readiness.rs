//! Whether the database answers, for the readiness probe.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::store::db::{Db, DbFault};

/// Timeout for the database; beyond it this instance counts as not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a result of the database check is reused, so that frequent probes do not load the database.
const FRESH: Duration = Duration::from_millis(200);

/// The status of a probe, and its text.
pub type Health = (StatusCode, &'static str);

/// The last result of the database check, and its time. Concurrent probes wait for the same check.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, Health)>>);

impl Readiness {
    /// The result of a check, at most a fifth of a second old.
    pub async fn of(&self, db: &Db) -> Health {
        let mut last = self.0.lock().await;
        match *last {
            Some((asked, health)) if asked.elapsed() < FRESH => health,
            _ => {
                let health = ask(db).await;
                *last = Some((Instant::now(), health));
                health
            }
        }
    }
}

async fn ask(db: &Db) -> Health {
    match timeout(READY_TIMEOUT, db.ready()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n"),
        Ok(Err(error)) => {
            tracing::warn!(cause = %error, "not ready");
            if let Some(fault) = DbFault::of(&error) {
                db.report_fault(fault);
            }
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer within a second\n"),
    }
}
