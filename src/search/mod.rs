//! Search: which notes contain the words of a search, how well they match, and where.
//!
//! Texts become [`token`]s, the same for both databases and for searches, which [`query`] parses. The [`index`] is
//! written in the transaction of each change: one row for each [`part`] of a note, that is its subject, its details,
//! and each of its messages, and one for the words of all of them. A mutation leaves the latter to the [`Gatherer`]; until
//! then searches read the parts of the note, and find the same. [`condition`] queries the index, with the
//! [`full_text`](crate::store::db::full_text) search of the database; [`hit`] finds where a note matches, and
//! [`mod@snippet`] shows it, with a [`matcher`] that reads a text once.
//!
//! Nothing in this module compares a note with other notes: the score of a note reveals nothing about the content of
//! others, least of all of another company's.

mod condition;
mod gatherer;
mod hit;
mod index;
mod indexed;
mod matcher;
mod part;
mod query;
mod snippet;
mod token;

pub use condition::SearchCondition;
pub use gatherer::Gatherer;
pub use hit::{SharedSearch, search_hit};
pub use index::{add, add_later, replace, replace_later};
pub use indexed::{IndexedTexts, are_long};
pub use part::{Part, TextField, parts};
pub use query::{Phrase, Search};
pub use token::{Shape, Token, Tokens, tokens};

pub use crate::store::db::full_text::remove_notes;
