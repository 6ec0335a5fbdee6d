use std::time::Duration;

use clap::Args;

use super::number::number;
use crate::http::SocketLimits;

/// Limits of WebSocket connections. Their operations have the limits of all operations.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "WebSockets")]
pub struct SocketArgs {
    /// Maximum number of open WebSocket connections of one address: 1 to 1000000. An IPv6 /64 network counts as one address. Each
    /// also counts as a connection.
    #[arg(
        long,
        env = "NOTEGRAPH_ADDRESS_SOCKETS",
        value_name = "COUNT",
        default_value_t = 200,
        value_parser = number::<usize>("sockets", 1..=1_000_000)
    )]
    pub address_sockets: usize,

    /// Maximum number of open WebSocket connections of one token: 1 to 1000000. The JSON web tokens of one user count as one token.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_SOCKETS",
        value_name = "COUNT",
        default_value_t = 100,
        value_parser = number::<usize>("sockets", 1..=1_000_000)
    )]
    pub token_sockets: usize,

    /// Maximum number of operations that run on one WebSocket at the same time: 1 to 10000.
    #[arg(
        long,
        env = "NOTEGRAPH_SOCKET_OPERATIONS",
        value_name = "COUNT",
        default_value_t = 100,
        value_parser = number::<usize>("operations", 1..=10_000)
    )]
    pub socket_operations: usize,

    /// Maximum number of subscriptions of one token, over any transport: 1 to 1000000.
    #[arg(
        long,
        env = "NOTEGRAPH_TOKEN_SUBSCRIPTIONS",
        value_name = "COUNT",
        default_value_t = 500,
        value_parser = number::<usize>("subscriptions", 1..=1_000_000)
    )]
    pub token_subscriptions: usize,

    /// Maximum size of a message on a WebSocket, in bytes: 1024 to 134217728. Before the token is known, 32 KiB at most.
    #[arg(
        long,
        env = "NOTEGRAPH_SOCKET_MESSAGE_LIMIT",
        value_name = "BYTES",
        default_value_t = 256 << 10,
        value_parser = number::<usize>("bytes", 1024..=134_217_728)
    )]
    pub socket_message_limit: usize,

    /// Timeout for the message `connection_init`, from when the WebSocket was opened, in seconds: 1 to 600.
    #[arg(
        long,
        env = "NOTEGRAPH_SOCKET_INIT_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = number::<u64>("seconds", 1..=600)
    )]
    pub socket_init_timeout: u64,

    /// After how many seconds without any data from the client the server sends a ping on a WebSocket: 1 to 3600. After
    /// as many more, it closes the WebSocket.
    #[arg(
        long,
        env = "NOTEGRAPH_SOCKET_KEEP_ALIVE",
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = number::<u64>("seconds", 1..=3600)
    )]
    pub socket_keep_alive: u64,
}

impl SocketArgs {
    pub fn limits(&self) -> SocketLimits {
        SocketLimits {
            per_address: self.address_sockets,
            per_token: self.token_sockets,
            operations: self.socket_operations,
            subscriptions_per_token: self.token_subscriptions,
            message_bytes: self.socket_message_limit,
            init_timeout: Duration::from_secs(self.socket_init_timeout),
            keep_alive: Duration::from_secs(self.socket_keep_alive),
            ..SocketLimits::default()
        }
    }
}
