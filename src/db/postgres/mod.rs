//! Driver for `PostgreSQL`: addresses, TLS, and connections.

mod address;
mod cache;
mod error;
mod line;
mod migrations;
mod parameter;
mod row;
mod session;
mod tls;
mod wire;

pub use address::Server;
pub use error::{Refusal, Violation, broken};
pub use line::Line;
pub use migrations::door;
pub use row::{cell, changed, results};
pub use session::{Observer, Session};
