use std::net::IpAddr;

use crate::http::server::connection_cpu::ConnectionCpu;
use crate::http::server::serve::ShutdownSignal;

/// The client of a socket, as the request for the upgrade tells it.
#[derive(Clone)]
pub struct SocketClient {
    /// `None` if the request did not come over a network.
    pub address: Option<IpAddr>,
    /// The bearer token of the upgrade, which that of `connection_init` replaces.
    pub token: Option<String>,
    /// Whether results have `extensions.cost`.
    pub shows_cost: bool,
    /// The CPU time that the connection takes on the front threads.
    pub cpu: ConnectionCpu,
    pub end: ShutdownSignal,
}
