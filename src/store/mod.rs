//! The database: connections, entities, what a viewer may see of them, the columns that a selection reads, and the
//! original values of imported rows.

mod access_scope;
mod columns;
pub mod db;
pub mod entity;
mod event_access;
pub mod private_file;
pub mod provenance;
pub mod selected_columns;

pub use access_scope::AccessScope;
pub use columns::{ColumnSet, ColumnTable};
