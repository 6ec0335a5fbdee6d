//! The parts of a note that the index has rows for.

use crate::ids::NoteId;
use crate::store::entity::{message, note};

/// The part of a note that contains words. The order is that of their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextField {
    Subject,
    Details,
    Message,
}

impl TextField {
    /// The stored number.
    pub fn number(self) -> i32 {
        match self {
            Self::Subject => 1,
            Self::Details => 2,
            Self::Message => 3,
        }
    }

    /// The score of a match in this field, for the order by relevance.
    pub fn weight(self) -> i32 {
        match self {
            Self::Subject => 10,
            Self::Details => 3,
            Self::Message => 1,
        }
    }

    pub fn of(number: i32) -> Self {
        match number {
            1 => Self::Subject,
            2 => Self::Details,
            _ => Self::Message,
        }
    }
}

/// A part of a note, with its text.
#[derive(Clone, Copy, Debug)]
pub struct Part<'t> {
    pub note_id: NoteId,
    pub field: TextField,
    /// The position of a message; 0 in other fields.
    pub position: i32,
    pub text: &'t str,
}

impl<'t> Part<'t> {
    pub fn subject(note: &'t note::Model) -> Self {
        Self {
            note_id: note.id,
            field: TextField::Subject,
            position: 0,
            text: note.subject.as_deref().unwrap_or_default(),
        }
    }

    pub fn details(note: &'t note::Model) -> Self {
        Self {
            note_id: note.id,
            field: TextField::Details,
            position: 0,
            text: note.details.as_deref().unwrap_or_default(),
        }
    }

    pub fn message(message: &'t message::Model) -> Self {
        let message::Model { note_id, position, message: text, .. } = message;
        Self { note_id: *note_id, field: TextField::Message, position: *position, text }
    }
}

/// The parts of notes and messages.
pub fn parts<'t>(
    notes: impl IntoIterator<Item = &'t note::Model>,
    messages: impl IntoIterator<Item = &'t message::Model>,
) -> Vec<Part<'t>> {
    let notes = notes.into_iter().flat_map(|note| [Part::subject(note), Part::details(note)]);
    notes.chain(messages.into_iter().map(Part::message)).collect()
}
