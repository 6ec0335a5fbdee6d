use std::sync::{Arc, LazyLock};

use breadth::{field, object, relation, required};

use super::{User, UserById};
use crate::graphql::global_id::{AssigneeKey, GlobalId};
use crate::graphql::scalars::DateTime;
use crate::store::entity::assignment;
use crate::store::selected_columns::{FieldColumns, ObjectTable};

/// The GraphQL object of an assignment's row.
#[derive(Clone)]
pub struct NoteAssignee(pub Arc<assignment::Model>);

impl ObjectTable for assignment::Entity {
    fn field_columns() -> &'static FieldColumns<Self> {
        static COLUMNS: LazyLock<FieldColumns<assignment::Entity>> =
            LazyLock::new(|| FieldColumns::of::<NoteAssignee>(&["note_id", "user_id"]));
        &COLUMNS
    }
}

object! {
    /// The assignment of a user to a note, with its time and the user who made it.
    NoteAssignee implements "Node" {
        /// The global ID of the assignment. It stays the same when the user is assigned to the same note again.
        id = field(|assignee: &NoteAssignee| AssigneeKey { note_id: assignee.0.note_id, user_id: assignee.0.user_id })
            .reads(&["note_id", "user_id"]);
        /// The assigned user.
        user_id = field(|assignee: &NoteAssignee| GlobalId(assignee.0.user_id));
        /// The assigned user.
        user = required::<_, UserById, _>(|assignee: &NoteAssignee| assignee.0.user_id, User)
            .reads(&["user_id"]);
        /// When the user was assigned.
        created_on = field(|assignee: &NoteAssignee| DateTime(assignee.0.created_on));
        /// The user who made the assignment; null if an import does not say.
        assigned_by = relation::<_, UserById, _>(
            |assignee: &NoteAssignee| assignee.0.assigned_by_id,
            |user| user.map(User),
        )
        .reads(&["assigned_by_id"]);
    }
}
