//! The mutations of notes, one a file, and what they share.

pub mod assignment;
mod batch;
pub mod create;
pub mod delete;
pub mod delete_many;
pub mod deletion;
pub mod lock;
pub mod patch;
mod patch_fields;
pub mod patch_many;
pub mod tokenize;
