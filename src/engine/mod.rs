//! The [`breadth`] engine.

pub use breadth::*;
