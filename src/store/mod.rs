//! The database: connections, entities with what a viewer may see of them, the columns that a selection
//! reads, and the original values of imported rows.

pub mod db;
pub mod entity;
pub mod private_file;
pub mod provenance;
pub mod selected_columns;
