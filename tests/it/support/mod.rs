//! Support for tests: an [`App`] with a fresh database, a [`Client`] for it, rows to insert, the statements that it
//! runs and their plans.

mod app;
mod catalog;
mod client;
mod contents;
mod costs;
mod database;
mod index;
mod plan;
mod postgres;
pub mod process;
mod recording;
mod seed;

pub use app::{App, ENDLESS};
pub use catalog::Catalog;
pub use client::{Client, Response};
pub use contents::Contents;
pub use database::{Database, Engine, open};
pub use index::assert_search_index_is_current;
pub use seed::{Company, TABLES, User};
