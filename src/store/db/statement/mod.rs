//! Single statements: how they are executed on either database, measured, cancelled and limited in time.

mod executor;
mod statement_meter;
mod statement_timeout;

pub use executor::{DbExecutor, read_sent};
pub(in crate::store::db) use statement_meter::StatementMeter;
pub use statement_meter::{CancelOnDrop, CancelSignal, Cancellation};
pub use statement_timeout::StatementTimeout;
