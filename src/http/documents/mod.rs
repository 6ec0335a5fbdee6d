//! Documents: those that clients send, register by their hash, or name by an ID, and the cache of parsed ones.

mod apq;
pub mod cache;
pub mod id;
mod manifest;
pub mod persisted;
mod sizes;
pub mod trusted;
