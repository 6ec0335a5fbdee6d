//! The mutations that assign notes to users, and take them back.

pub mod assign;
pub mod assign_many;
mod assignments;
pub mod unassign;
pub mod unassign_many;

pub use assignments::{insert_assignments, new_assignments};
