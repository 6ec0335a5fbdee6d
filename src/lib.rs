//! notegraph: customer notes over GraphQL.
pub mod auth;
pub mod clock;
pub mod db;
pub mod entity;
pub mod error;
