//! For whoever watches over the process: is it alive, and can it serve.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::graphql::Door;
use super::limits::Visit;
use crate::db::{Db, Fault};

/// How long the database may take to answer before this instance counts as not ready.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long what the database said holds for those who ask next: however often readiness is asked for, the database is
/// seldom.
const FRESH: Duration = Duration::from_millis(200);

type Health = (StatusCode, &'static str);

/// What the database said last, and when. Those who ask meanwhile wait for the one question.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, Health)>>);

/// Asks nothing of the database: a restart of this process would not bring it back.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Not ready comes first when the server was told to stop: requests go elsewhere while it still answers those that come.
pub async fn ready(State(door): State<Arc<Door>>, visit: Option<Extension<Visit>>) -> Health {
    if visit.is_some_and(|Extension(visit)| visit.stopping) {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n");
    }
    door.readiness.of(&door.app.db).await
}

impl Readiness {
    async fn of(&self, db: &Db) -> Health {
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
    match timeout(PATIENCE, db.ready()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n"),
        Ok(Err(error)) => {
            tracing::warn!(cause = %error, "not ready");
            if let Some(fault) = Fault::of(&error) {
                db.heed(fault);
            }
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer within a second\n"),
    }
}
