//! Health checks: liveness and readiness probes.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;

use super::rate_limit::ConnectionInfo;
use super::readiness::Health;
use super::state::GraphqlState;

/// Liveness probe. It does not check the database, as restarting this process would not fix the database.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Readiness probe. It fails as soon as the server was told to stop, so that a load balancer sends new requests
/// elsewhere while the server still answers those that arrive.
pub async fn ready(State(state): State<Arc<GraphqlState>>, connection: Option<Extension<ConnectionInfo>>) -> Health {
    if connection.is_some_and(|Extension(connection)| connection.stopping) {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n");
    }
    state.readiness.of(&state.app.db).await
}
