//! The mutations of notes, one a file, and what they share.

pub mod assign;
pub mod assign_many;
mod assignments;
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
pub mod unassign;
pub mod unassign_many;
