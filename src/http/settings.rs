use std::sync::Arc;
use std::time::Duration;

use super::limits::{Allowance, TrustedProxies};
use super::origin::Origin;
use super::session::Session;
use super::stored::StoredSettings;
use crate::auth::IdentitySettings;
use crate::gate::Bounds;
use crate::meter::{MemoryLimits, UsageLimits};

/// How requests are taken.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Origins, other than our own, whose pages may ask.
    pub allowed_origins: Vec<Origin>,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a client waits at most for an answer, the arrival of its body included.
    pub request_timeout: Duration,
    /// Whose word about where a request comes from is taken.
    pub trusted_proxies: TrustedProxies,
    /// How much a document may be.
    pub gate: Bounds,
    /// Which documents may be named by an id, and whether others are taken.
    pub stored: StoredSettings,
    /// What each address may use.
    pub of_address: Allowance,
    /// What each token may use.
    pub of_token: Allowance,
    /// What one operation may use while it runs.
    pub usage: UsageLimits,
    /// How much memory operations may hold.
    pub memory: MemoryLimits,
    /// Whose JSON web tokens are taken.
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
