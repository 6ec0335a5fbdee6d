use std::ops::RangeInclusive;

use clap::Args;

use super::number::number;
use crate::http::{ConnectionLimits, RateLimit, TrustedProxies, TrustedProxy};

const BUDGETS: RangeInclusive<u64> = 1_000..=1_000_000_000_000;

/// Rate and connection limits of clients. A request costs 1000, plus 1 for each of its bytes, 100 for each field of the
/// document, and 1 for each value that the response could hold.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Maximum number of concurrent operations of one token: 1 to 100000. The JSON web tokens of one user count as one
    /// token.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_OPERATIONS",
        value_name = "COUNT",
        default_value_t = 50,
        value_parser = number::<u32>("operations", 1..=100_000)
    )]
    pub token_operations: u32,

    /// The most that one token may spend in a burst: 1000 to 1000000000000.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_BUDGET",
        value_name = "COST",
        default_value_t = 10_000_000,
        value_parser = number::<u64>("cost units", BUDGETS)
    )]
    pub token_budget: u64,

    /// How much of a token's budget is refilled each second: 1000 to 1000000000000.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_REFILL",
        value_name = "COST",
        default_value_t = 1_000_000,
        value_parser = number::<u64>("cost units", BUDGETS)
    )]
    pub token_refill: u64,

    /// Maximum number of concurrent operations from one address, with any token: 1 to 100000. An IPv6 /64 network
    /// counts as one address.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_OPERATIONS",
        value_name = "COUNT",
        default_value_t = 200,
        value_parser = number::<u32>("operations", 1..=100_000)
    )]
    pub address_operations: u32,

    /// The most that one address may spend in a burst: 1000 to 1000000000000.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_BUDGET",
        value_name = "COST",
        default_value_t = 40_000_000,
        value_parser = number::<u64>("cost units", BUDGETS)
    )]
    pub address_budget: u64,

    /// How much of an address's budget is refilled each second: 1000 to 1000000000000.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_REFILL",
        value_name = "COST",
        default_value_t = 4_000_000,
        value_parser = number::<u64>("cost units", BUDGETS)
    )]
    pub address_refill: u64,

    /// Maximum number of concurrent connections: 1 to 1000000. The server raises its limit of open files (`ulimit -n`)
    /// accordingly, as far as the system lets it.
    #[arg(
        long,
        env = "NOTEGRAPH_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = 10_000,
        value_parser = number::<usize>("connections", 1..=1_000_000)
    )]
    pub connections: usize,

    /// Maximum number of concurrent connections from one address: 1 to 1000000. Trusted proxies are exempt.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = 500,
        value_parser = number::<usize>("connections", 1..=1_000_000)
    )]
    pub address_connections: usize,

    /// The address or network of a reverse proxy in front of this server, as in 10.0.0.7 or 10.0.0.0/24. Requests that
    /// come through it count for the client address in its X-Forwarded-For header. Repeat it, or separate by commas,
    /// for several. None by default.
    #[arg(long, env = "NOTEGRAPH_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub trusted_proxy: Vec<TrustedProxy>,
}

impl LimitArgs {
    pub fn address_rate_limit(&self) -> RateLimit {
        RateLimit { operations: self.address_operations, budget: self.address_budget, refill: self.address_refill }
    }

    pub fn token_rate_limit(&self) -> RateLimit {
        RateLimit { operations: self.token_operations, budget: self.token_budget, refill: self.token_refill }
    }

    pub fn trusted_proxies(&self) -> TrustedProxies {
        TrustedProxies::new(self.trusted_proxy.clone())
    }

    pub fn admission(&self) -> ConnectionLimits {
        ConnectionLimits {
            connections: self.connections,
            per_address: self.address_connections,
            trusted_proxies: self.trusted_proxies(),
        }
    }
}
