//! Writes the index, always in the transaction of the change that it reflects.

use sea_orm::{ConnectionTrait, DbErr};

use super::indexed::IndexedTexts;
use crate::store::db::Dialect;
use crate::store::db::full_text::{self, IndexedPart, NoteWords};
use crate::store::entity::{message, note};

/// Maximum number of rows per statement.
const ROWS: usize = 500;

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
    pub note_id: i64,
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

/// Indexes new parts; of a new note, these must be all parts. Texts that are `known` are not tokenized again.
///
/// # Errors
/// When a statement fails.
pub async fn add(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[Part<'_>],
    known: &IndexedTexts,
) -> Result<(), DbErr> {
    for some in parts.chunks(ROWS) {
        let texts = IndexedTexts::of(some, known, company_id, Dialect::of(connection)).await?;
        let mut words = NoteWords::default();
        for part in some {
            let more = texts.get(part).and_then(|text| text.words.as_ref());
            words.add(part.note_id, more.map(|more| more.iter().cloned()));
        }
        full_text::add(connection, company_id, &indexed(some, &texts), words).await?;
    }
    Ok(())
}

/// Indexes parts that may have been indexed with other texts. Texts that are `known` are not tokenized again.
///
/// # Errors
/// When a statement fails.
pub async fn replace(
    connection: &impl ConnectionTrait,
    company_id: i64,
    parts: &[Part<'_>],
    known: &IndexedTexts,
) -> Result<(), DbErr> {
    for some in parts.chunks(ROWS) {
        let texts = IndexedTexts::of(some, known, company_id, Dialect::of(connection)).await?;
        full_text::replace(connection, company_id, &indexed(some, &texts)).await?;
    }
    Ok(())
}

fn indexed<'t>(parts: &[Part<'_>], texts: &'t IndexedTexts) -> Vec<IndexedPart<'t>> {
    let part = |part: &Part<'_>| IndexedPart {
        note_id: part.note_id,
        field: part.field.number(),
        position: part.position,
        words: texts.get(part).and_then(|text| text.stored.as_deref()),
    };
    parts.iter().map(part).collect()
}
