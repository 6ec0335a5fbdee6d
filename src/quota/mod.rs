//! Quotas: limits on the notes, and the bytes of what is written about them, that a company may store.
//!
//! Each change adds what it writes to a row of `company_usage` in its own transaction, so nothing ever has to be
//! counted again. Checks read the sum only from time to time: see [`Quota::check`] for how exact it is.

mod check;
mod limits;
mod size;
mod usage;

pub use check::{ExceededQuota, Quota};
pub use limits::QuotaLimits;
pub use size::{changes_bytes, event_bytes, message_bytes, note_bytes, row_bytes};
pub use usage::{StorageUsage, add_usage, ask_messages_usage, messages_usage, read_usage, write_limits};
