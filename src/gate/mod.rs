//! What a document may cost: refused before it is executed, whatever it is of.
//!
//! How much there may be in a text is told while it is read ([`document`](crate::document)), by the same [`Bounds`].
//! [`estimate`] weighs what was read, with the variables that came with it, each fragment once.

mod bounds;
mod cost;
mod spreads;
mod values;
mod weight;

pub use bounds::Bounds;
pub use cost::{Estimate, estimate};
