//! The [`breadth`] engine, and what it meets here.

mod meet;

pub use breadth::*;
