use breadth::FieldDefinition;

use crate::ids::NoteId;

/// The history of a note.
pub struct History;

/// The field that lists the events of a note. The events of the schema implement this for [`History`]: they refer to their
/// notes, so notes use no more of them than this.
pub trait HistoryField {
    /// A field that lists the events of the note of its row.
    fn history_field<R: 'static>(note: impl Fn(&R) -> NoteId + Send + Sync + 'static) -> FieldDefinition;
}
