//! How much a company may hold: notes, and bytes of what is written about them.
//!
//! Each change adds what it writes to a row of `company_usage` in its own transaction, so that nothing is ever counted
//! anew. A check reads the sum from time to time only: see [`Quota::check`] for how exact it is.

mod check;
mod size;
mod usage;

pub use check::{Exceeded, Limits, Quota};
pub use size::{changes_bytes, event_bytes, message_bytes, note_bytes, row_bytes};
pub use usage::{ADD_USAGE, Usage, add_usage, messages_usage, read_usage, usage_values, write_limits};
