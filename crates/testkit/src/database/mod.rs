//! Databases of tests: a fresh one for each, its tables, and how it would run a statement.

mod catalog;
mod database;
mod open;
pub mod plan;
mod postgres;

pub use catalog::Catalog;
pub use database::{Database, Engine};
pub use open::open;
