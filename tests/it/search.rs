//! Search: words are found wherever they stand in a note, and shown there.

mod evaluate;
mod index;
mod random;
mod relevance;
