//! Full-text search: `FTS5` and a line of words on `SQLite`, `tsvector` and `tsquery` on `PostgreSQL`.
//!
//! The tables are `search_part`, with a row for each part of a note, and `search_note`, with a row for the words of all
//! parts of a note, which the databases index: `search_note` itself on `PostgreSQL`, the `FTS5` table `search_word` on
//! `SQLite`. Words consist of letters, digits and marks, so nothing has to be escaped.
//!
//! In the indexes, each word is prefixed with its company, so that the posting lists of the databases belong to one
//! company each. The company's number ends at the first [`SEPARATOR`](word::SEPARATOR), which no word contains.

mod condition;
mod index;
mod postgres;
mod query;
mod sqlite;
mod stored;
mod word;

pub use index::{
    IndexedPart, PendingNote, add, add_later, count_pending, gather, lock_pending, remove_notes, replace, replace_later,
};
pub use query::{WordQuery, WordSequence};
pub use stored::IndexedText;
