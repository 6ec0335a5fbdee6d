use std::time::Duration;

/// Limits of WebSocket connections.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// Maximum number of sockets of one address, or of a /64 network for IPv6.
    pub per_address: usize,
    /// Maximum number of sockets of one token.
    pub per_token: usize,
    /// Maximum number of operations that run on one socket at the same time.
    pub operations: usize,
    /// Maximum number of subscriptions of one token, over any transport.
    pub subscriptions_per_token: usize,
    /// Maximum size of a message from the client, in bytes.
    pub message_bytes: usize,
    /// Timeout for `connection_init`, from the upgrade.
    pub init_timeout: Duration,
    /// The server pings a client from which nothing has arrived for this long, and closes the socket when nothing arrives
    /// for as long again.
    pub keep_alive: Duration,
    /// How often the token of an open socket is checked.
    pub check_interval: Duration,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            per_address: 200,
            per_token: 100,
            operations: 100,
            subscriptions_per_token: 500,
            message_bytes: 256 << 10,
            init_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            check_interval: Duration::from_secs(3),
        }
    }
}
