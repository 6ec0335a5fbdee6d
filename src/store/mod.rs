//! The database: connections, entities with what a viewer may see of them, and the columns that a selection reads.

pub mod db;
pub mod entity;
pub mod private_file;
pub mod selected_columns;
