//! Rows: reading those of either database, their size, and updating many at once.

mod row;
pub mod size;
mod update_rows;

pub use row::{DriverValue, Row, RowQueries};
pub use update_rows::update_rows;
