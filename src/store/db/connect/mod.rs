//! Connecting to a database: its address, how its connections are set up, and what may fail.

mod connect;
mod error;
mod sqlite_file;

pub use connect::{DatabaseSettings, TokenConnections, connect};
pub use error::ConnectError;
pub use sqlite_file::{IfMissing, database_file};
