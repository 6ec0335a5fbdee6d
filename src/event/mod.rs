//! The event log: the history of notes. Events are appended in the transaction of the change, and removed after the
//! operator's retention period.

mod append;
mod retention;

pub use append::{ChangeContext, NewEvent};
pub use retention::{Removed, Retention};
