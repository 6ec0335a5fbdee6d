//! Driver for `PostgreSQL`: addresses, TLS, and connections.

mod address;
mod cache;
mod error;
mod lazy_session;
mod migrations;
mod parameter;
mod pipeline;
mod row;
mod sent;
mod session;
mod tls;
mod wire;

pub use address::Server;
pub use error::{ConstraintViolation, PostgresError, begin_timed_out, broken};
pub use lazy_session::LazySession;
pub use migrations::migration_connection;
pub use row::{cell, changed, results};
pub use sent::Sent;
pub use session::{Observer, Rows, Session};
