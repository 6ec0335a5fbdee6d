//! Query limits: checks what a document may cost before it is executed.
//!
//! The parser ([`document`](breadth::document)) enforces limits on the text by the same [`QueryLimits`]. [`query_cost`] then
//! estimates the cost of the parsed document with its variables, visiting each fragment once.

mod bounds;
mod cost;
mod spreads;
mod values;
mod weight;

pub use bounds::QueryLimits;
pub use cost::{QueryCost, query_cost};
