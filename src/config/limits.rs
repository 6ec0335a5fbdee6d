use std::ops::RangeInclusive;

use clap::Args;

use super::number;
use crate::http::{Admission, Allowance, TrustedProxies, TrustedProxy};

const BUDGETS: RangeInclusive<u64> = 1_000..=1_000_000_000_000;

/// How much a client may ask for. Every request costs 1000, and 1 for each of its bytes; what it asks for costs 100 for
/// each field of the document and 1 for each value that the answer could hold.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Operations of one token at the same time: 1 to 100000. The JSON web tokens of one user count as one token.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_OPERATIONS",
        value_name = "COUNT",
        default_value_t = 50,
        value_parser = number::<u32>("operations", 1..=100_000)
    )]
    pub token_operations: u32,

    /// What one token may spend at once: 1000 to 1000000000000.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_BUDGET",
        value_name = "COST",
        default_value_t = 10_000_000,
        value_parser = number::<u64>("what the gate counts", BUDGETS)
    )]
    pub token_budget: u64,

    /// How much of a token's budget comes back each second: 1000 to 1000000000000.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_REFILL",
        value_name = "COST",
        default_value_t = 1_000_000,
        value_parser = number::<u64>("what the gate counts", BUDGETS)
    )]
    pub token_refill: u64,

    /// Operations from one address at the same time, of whatever token: 1 to 100000. An IPv6 network of 64 bits counts
    /// as one address.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_OPERATIONS",
        value_name = "COUNT",
        default_value_t = 200,
        value_parser = number::<u32>("operations", 1..=100_000)
    )]
    pub address_operations: u32,

    /// What one address may spend at once: 1000 to 1000000000000.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_BUDGET",
        value_name = "COST",
        default_value_t = 40_000_000,
        value_parser = number::<u64>("what the gate counts", BUDGETS)
    )]
    pub address_budget: u64,

    /// How much of an address's budget comes back each second: 1000 to 1000000000000.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_REFILL",
        value_name = "COST",
        default_value_t = 4_000_000,
        value_parser = number::<u64>("what the gate counts", BUDGETS)
    )]
    pub address_refill: u64,

    /// Connections at the same time: 1 to 1000000. The server raises its limit of open files (`ulimit -n`) to that, as far
    /// as the system lets it.
    #[arg(
        long,
        env = "NOTEGRAPH_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = 10_000,
        value_parser = number::<usize>("connections", 1..=1_000_000)
    )]
    pub connections: usize,

    /// Connections from one address at the same time: 1 to 1000000. Those of trusted proxies have no limit of their own.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = 500,
        value_parser = number::<usize>("connections", 1..=1_000_000)
    )]
    pub address_connections: usize,

    /// The address or network of a proxy in front of this server, as in 10.0.0.7 or 10.0.0.0/24: behind it, requests are
    /// of the address that it names in X-Forwarded-For. Repeat it, or separate by commas, for several. None by default.
    #[arg(long, env = "NOTEGRAPH_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub trusted_proxy: Vec<TrustedProxy>,
}

impl LimitArgs {
    pub fn of_address(&self) -> Allowance {
        Allowance { operations: self.address_operations, budget: self.address_budget, refill: self.address_refill }
    }

    pub fn of_token(&self) -> Allowance {
        Allowance { operations: self.token_operations, budget: self.token_budget, refill: self.token_refill }
    }

    pub fn trusted_proxies(&self) -> TrustedProxies {
        TrustedProxies::new(self.trusted_proxy.clone())
    }

    pub fn admission(&self) -> Admission {
        Admission {
            connections: self.connections,
            of_address: self.address_connections,
            trusted_proxies: self.trusted_proxies(),
        }
    }
}
