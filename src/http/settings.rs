use std::sync::Arc;
use std::time::Duration;

use super::documents::persisted::PersistedDocumentSettings;
use super::playground::session::PlaygroundSession;
use super::rate_limit::{RateLimit, TrustedProxies};
use super::request::origin::Origin;
use super::websocket::SocketLimits;
use crate::auth::IdentityProviderSettings;
use crate::meter::{MemoryLimits, OperationLimits};
use crate::schema::query_limits::QueryLimits;

/// Settings of the HTTP server.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Other origins whose pages may call the API.
    pub allowed_origins: Vec<Origin>,
    /// Maximum size of a body, in bytes.
    pub body_limit: usize,
    /// Timeout for receiving a body.
    pub body_timeout: Duration,
    /// Timeout for the response, including the time for receiving the body.
    pub request_timeout: Duration,
    /// Proxies whose `X-Forwarded-For` header is trusted.
    pub trusted_proxies: TrustedProxies,
    /// Limits of documents.
    pub query_limits: QueryLimits,
    /// The known document ids, and whether other documents are accepted.
    pub stored: PersistedDocumentSettings,
    /// Rate limit of each address.
    pub address_rate_limit: RateLimit,
    /// Rate limit of each token.
    pub token_rate_limit: RateLimit,
    /// Limits on what one operation may use while it runs.
    pub usage: OperationLimits,
    /// Limits on the memory that operations hold.
    pub memory: MemoryLimits,
    /// Limits of WebSocket connections.
    pub sockets: SocketLimits,
    /// The identity provider whose JSON web tokens are accepted.
    pub identity: Option<IdentityProviderSettings>,
    /// The token that the playground fetches by a code.
    pub session: Option<Arc<PlaygroundSession>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            body_limit: 2 << 20,
            body_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(30),
            trusted_proxies: TrustedProxies::default(),
            query_limits: QueryLimits::default(),
            stored: PersistedDocumentSettings::default(),
            address_rate_limit: RateLimit { operations: 200, budget: 40_000_000, refill: 4_000_000 },
            token_rate_limit: RateLimit { operations: 50, budget: 10_000_000, refill: 1_000_000 },
            usage: OperationLimits::default(),
            memory: MemoryLimits::default(),
            sockets: SocketLimits::default(),
            identity: None,
            session: None,
        }
    }
}
