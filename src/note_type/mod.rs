//! Note types: the categories that a company defines for its notes.

mod change;
mod object;

pub use change::{NoteTypePayload, create, delete, rename};
pub use object::{NoteType, NoteTypeById, all};
