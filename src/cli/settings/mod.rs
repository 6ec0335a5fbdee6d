//! All settings: each with its flag, environment variable, default and bounds in one place.

mod database;
mod documents;
mod growth;
mod identity;
mod limits;
mod log;
mod number;
mod query_limits;
mod record;
mod serve;
mod sockets;
mod timeouts;
mod usage;

pub use database::DatabaseArgs;
pub use documents::DocumentArgs;
pub use growth::{QuotaArgs, RetentionArgs};
pub use identity::IdentityArgs;
pub use limits::LimitArgs;
pub use log::{LogArgs, LogFormat};
pub use query_limits::QueryLimitArgs;
pub use record::RecordArgs;
pub use serve::ServeArgs;
pub use sockets::SocketArgs;
pub use timeouts::ConnectionTimeoutArgs;
pub use usage::UsageArgs;
