//! The database: connections, entities, what a viewer may see of them, the columns that a selection reads, the
//! statements of loaders, and the original values of imported rows.

mod access_scope;
mod columns;
pub mod db;
pub mod entity;
mod event_access;
mod pending_words;
pub mod private_file;
pub mod provenance;
pub mod selected_columns;
pub mod statement_template;

pub use access_scope::AccessScope;
pub use columns::{ColumnSet, ColumnTable};
pub use pending_words::PendingWords;
