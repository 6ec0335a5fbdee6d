//! Ranges of a thread.

use crate::ids::NoteId;

/// A range of a thread: the messages from one position to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageRange {
    pub note_id: NoteId,
    pub low: i32,
    pub high: i32,
}
