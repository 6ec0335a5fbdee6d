//! Search: words are found wherever they stand in a note, and shown there. Random searches are asked with random
//! [filters](crate::filters).

mod evaluate;
mod hidden;
mod index;
mod relevance;
mod walk;
mod words;

pub use evaluate::{Plain, Text};
pub use words::{search, text};
