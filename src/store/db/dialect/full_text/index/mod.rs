//! Writes the index: `search_part`, `search_note`, and on `SQLite` `search_word`.

mod note_words;
mod postgres;
mod sqlite;
mod write;

pub use note_words::{MAX_WORDS, NoteWords};
pub use write::{IndexedPart, add, remove_notes, replace};
