use std::sync::Arc;
use std::time::Duration;

use super::limits::{Allowance, TrustedProxies};
use super::origin::Origin;
use super::session::Session;
use super::stored::StoredSettings;
use crate::auth::IdentitySettings;
use crate::gate::Bounds;
use crate::meter::{MemoryLimits, UsageLimits};

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
    pub gate: Bounds,
    /// Which document ids are known, and whether other documents are accepted.
    pub stored: StoredSettings,
    /// Rate limit of each address.
    pub of_address: Allowance,
    /// Rate limit of each token.
    pub of_token: Allowance,
    /// Limits on what one operation may use while it runs.
    pub usage: UsageLimits,
    /// Limits on the memory that operations hold.
    pub memory: MemoryLimits,
    /// The identity provider whose JSON web tokens are accepted.
    pub identity: Option<IdentitySettings>,
    /// The token that the playground fetches by a code.
    pub session: Option<Arc<Session>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            body_limit: 2 << 20,
            body_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(30),
            trusted_proxies: TrustedProxies::default(),
            gate: Bounds::default(),
            stored: StoredSettings::default(),
            of_address: Allowance { operations: 200, budget: 40_000_000, refill: 4_000_000 },
            of_token: Allowance { operations: 50, budget: 10_000_000, refill: 1_000_000 },
            usage: UsageLimits::default(),
            memory: MemoryLimits::default(),
            identity: None,
            session: None,
        }
    }
}
