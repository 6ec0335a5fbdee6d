use std::sync::Arc;

use crate::ids::NoteId;
use crate::store::db::dialect::ListColumn;
use crate::store::db::dialect::full_text::IndexedText;

/// A part of a note in the index.
#[derive(Clone, Debug)]
pub struct IndexedPart {
    pub note_id: NoteId,
    pub field: i32,
    pub position: i32,
    /// Its text. Parts with the same text share it.
    pub text: Arc<IndexedText>,
}

/// The number of the field of messages, the last one; the positions of others are 0.
pub const MESSAGE: i32 = 3;

/// The upsert clause for parts.
pub const UPSERT_PART: &str = "ON CONFLICT (company_id, note_id, field, position) DO UPDATE SET words = excluded.words";

/// The keys of parts, column by column.
pub fn part_keys(parts: &[IndexedPart]) -> [(&'static str, ListColumn); 3] {
    [
        ("note_id", ListColumn::ids(parts.iter().map(|part| part.note_id))),
        ("field", ListColumn::Ints(parts.iter().map(|part| part.field).collect())),
        ("position", ListColumn::Ints(parts.iter().map(|part| part.position).collect())),
    ]
}
