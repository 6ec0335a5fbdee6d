//! What tests stand on: an [`App`] over a fresh database, a [`Client`] that speaks to it, rows to put into it, the
//! statements it runs and their plans.

#![allow(dead_code, unused_imports, reason = "each test takes what it needs")]

mod app;
mod catalog;
mod client;
mod database;
mod plan;
mod postgres;
mod recording;
mod seed;

pub use app::App;
pub use catalog::{Catalog, Index};
pub use client::{Client, Response};
pub use database::{Database, Engine};
pub use recording::Recording;
pub use seed::{Company, User};
