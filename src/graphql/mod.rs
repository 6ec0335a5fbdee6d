//! Common parts of the schema's types: scalars, global IDs, user errors, pagination, idempotency, the data source of an
//! operation, and its measurement by the engine.

pub mod context;
pub mod data_loader;
mod execution_meter;
pub mod global_id;
pub mod idempotency;
mod list_limits;
pub mod pagination;
pub mod scalars;
pub mod user_errors;

pub use list_limits::ListLimits;
