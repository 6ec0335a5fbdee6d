//! GraphQL over WebSocket: the protocol `graphql-transport-ws`, on `GET /graphql`.
//!
//! Queries and mutations are executed as if they came by HTTP: with the same budgets, limits, request IDs and log lines.
//! From async-graphql-axum comes the negotiation of the protocol. Its loop of messages is not used, because it runs
//! everything in the task of the socket, without limits of messages, operations and memory, does not check tokens again,
//! closes with other codes than the protocol says, and reads a `subscribe` message before the client is known.
//!
//! [`mod@upgrade`] checks the request and switches protocols. [`protocol`] is the state of a socket without input and output:
//! it says what a message of the client leads to. [`socket`] connects it with the stream, the timers and the operations,
//! which [`operation`] executes. The connection's own task polls all of this, so a socket keeps its connection's slot and
//! takes turns like any other connection.

mod client;
mod closing;
mod counted_stream;
mod counts;
mod limits;
mod message;
mod operation;
mod protocol;
mod send;
mod socket;
mod upgrade;

pub use counts::{SocketCounts, TokenSlot};
pub use limits::SocketLimits;
pub use upgrade::{is_upgrade, upgrade};
