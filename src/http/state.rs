use std::sync::Arc;

use super::documents::cache::DocumentCache;
use super::documents::persisted::PersistedDocuments;
use super::rate_limit::RateLimiter;
use super::readiness::Readiness;
use super::settings::HttpSettings;
use super::websocket::SocketCounts;
use crate::auth::{IdentityProvider, Tokens};
use crate::event::EventHub;
use crate::graphql::context::AppState;
use crate::meter::MemoryPool;
use crate::scheduling::runtime::OperationRuntime;
use crate::schema::Schema;

/// The state shared by all requests.
pub struct GraphqlState {
    pub app: AppState,
    pub schema: Schema,
    pub settings: HttpSettings,
    pub documents: DocumentCache,
    pub stored: PersistedDocuments,
    pub limits: Arc<RateLimiter>,
    pub memory: Arc<MemoryPool>,
    pub sockets: SocketCounts,
    pub events: EventHub,
    pub tokens: Tokens,
    pub identity: Option<IdentityProvider>,
    pub readiness: Readiness,
    /// Executes everything whose duration depends on what the client asks for.
    pub runtime: OperationRuntime,
}
