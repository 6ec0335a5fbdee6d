//! What a document may cost: refused before it is validated or executed, whatever it is of.
//!
//! [`weigh`] walks over the text, once and without building anything, so that the parser is given nothing that it could
//! not get to the end of. [`estimate`] weighs what was parsed, each fragment once, so that neither the validation nor
//! the execution is.

mod bounds;
mod cost;
mod spreads;
mod tokens;
mod values;
mod weight;

pub use bounds::Bounds;
pub use cost::{Estimate, estimate};
pub use tokens::weigh;
