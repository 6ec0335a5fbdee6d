//! The [`breadth`] engine, and its bridge to this crate.

mod meet;

pub use breadth::*;
