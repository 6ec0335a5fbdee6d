//! The messages of a note's thread.

pub mod object;
pub mod page;
pub mod post;
