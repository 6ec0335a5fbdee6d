//! The notes of a customer or a user.

use breadth::FieldDefinition;

use crate::ids::{CustomerId, UserId};

/// The record that a list of notes belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListParent {
    /// The notes about a customer.
    Customer(CustomerId),
    /// The notes that a user wrote.
    Author(UserId),
    /// The notes that a user is assigned to.
    Assignee(UserId),
}

/// The fields that list notes. The module of notes implements this for [`ListParent`]: it uses customers and users, so
/// these use no more of it than this.
pub trait NotesField: Sized {
    /// A field that lists the notes of its row; `parent` is the row's record.
    fn notes_field<R: 'static>(parent: impl Fn(&R) -> Self + Send + Sync + 'static) -> FieldDefinition;
}
