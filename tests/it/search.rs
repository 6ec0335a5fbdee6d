//! Search: words are found wherever they occur in a note, and the response shows them. The tests of random
//! [filters](crate::filters) include random searches.

mod evaluate;
mod hidden;
mod index;
mod pending;
mod relevance;
mod walk;
mod words;

pub use evaluate::{Plain, Text};
pub use words::{search, text};
