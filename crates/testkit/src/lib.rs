//! What the tests of all binaries share: an [`App`] with a fresh database, a [`Client`] for it, rows to insert, the
//! statements that it runs and their plans, the program itself as a process, and random numbers.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on says where")]

mod app;
mod client;
mod contents;
mod costs;
mod database;
mod index;
pub mod process;
mod random;
mod recording;
mod response;
mod seed;

pub use app::{App, ENDLESS};
pub use client::Client;
pub use contents::Contents;
pub use database::{Catalog, Database, Engine, open};
pub use index::assert_search_index_is_current;
pub use random::{Random, share};
pub use response::Response;
pub use seed::{Company, User, reserve_all};
