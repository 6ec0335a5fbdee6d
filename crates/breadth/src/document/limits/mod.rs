//! Limits on documents: their size with fragments expanded, and introspection.

pub mod introspection_limits;
pub mod shape;
