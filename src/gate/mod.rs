//! What a document may cost: refused before it is validated or executed, whatever it is of.

mod cost;
mod tokens;

pub use cost::estimate;
pub use tokens::weigh;
