//! The notes of a customer or a user.

use breadth::FieldDefinition;

/// How the notes of a list are related to the record that the list belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListParent {
    /// The notes about a customer.
    Customer,
    /// The notes that a user wrote.
    Author,
    /// The notes that a user is assigned to.
    Assignee,
}

/// The fields that list notes. The module of notes implements this for [`ListParent`]: it uses customers and users, so
/// these use no more of it than this.
pub trait NotesField {
    /// A field that lists the notes of its row; `id` is the ID of the row's record.
    fn notes_field<R: 'static>(self, id: impl Fn(&R) -> i64 + Send + Sync + 'static) -> FieldDefinition;
}
