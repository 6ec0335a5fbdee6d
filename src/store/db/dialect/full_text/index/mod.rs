//! Writes the index: `search_part`, `search_note`, and on `SQLite` `search_word`.

mod long_texts;
mod note_words;
mod part;
mod pending;
mod postgres;
mod sqlite;
mod write;

pub use part::IndexedPart;
pub use pending::{PendingNote, add_later, count_pending, gather, lock_pending, replace_later};
pub use write::{add, remove_notes, replace};
