//! What the types of the schema share: scalars, global IDs, user errors, pagination, idempotency, and the data source of an
//! operation.

pub mod context;
pub mod data_loader;
pub mod global_id;
pub mod idempotency;
pub mod pagination;
pub mod scalars;
pub mod user_errors;
