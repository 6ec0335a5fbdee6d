//! Lists of notes: filters, orders, pages and counts.

mod by_parent;
mod candidates;
pub mod connection;
pub mod counts;
pub mod filter;
mod loaders;
pub mod note_list;
pub mod order;
pub mod parent;
mod relevance;
mod scan;
mod sort_key;
mod updates;
