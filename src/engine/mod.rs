//! The [`breadth`] engine, and its bridge to this crate.

mod meter;

pub use breadth::*;
