//! For whoever watches over the process: is it alive, and can it serve.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};

use super::graphql::Door;
use super::limits::Visit;
use crate::db::Fault;

/// How long the database may take to answer before this instance counts as not ready.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks nothing of the database: a restart of this process would not bring it back.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Not ready comes first when the server was told to stop: requests go elsewhere while it still answers those that come.
pub async fn ready(State(door): State<Arc<Door>>, visit: Option<Extension<Visit>>) -> (StatusCode, &'static str) {
    if visit.is_some_and(|Extension(visit)| visit.stopping) {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n");
    }
    let db = &door.app.db;
    let question = db.read().query_one_raw(Statement::from_string(db.backend(), "SELECT 1"));
    match tokio::time::timeout(PATIENCE, question).await {
        Ok(Ok(_)) => (StatusCode::OK, "ok\n"),
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
