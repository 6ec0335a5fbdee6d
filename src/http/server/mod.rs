//! The server below HTTP: accepts connections, bounds them, closes those of slow clients, and stops.

pub mod connection_cpu;
pub mod connection_limits;
mod linger;
pub mod phase;
mod request_body;
pub mod serve;
mod time_limit;
pub mod timeout_stream;
pub mod upgraded;
