//! Note types: the names a company sorts its notes by.

mod change;
mod object;

pub use change::{NoteTypePayload, create, delete, rename};
pub use object::{NoteType, NoteTypeById, all};
