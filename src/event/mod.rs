//! The event log: what happened to notes, appended in the transaction of the change, and removed when it is older than
//! the operator keeps it.

mod append;
mod retention;

pub use append::{Happened, Moment};
pub use retention::{Removed, Retention};
