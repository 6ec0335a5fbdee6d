use std::sync::Arc;

use super::{User, UserById};
use crate::engine::{leaf, link, object, promised};
use crate::entity::assignment;
use crate::id::{AssigneeKey, GlobalId, Kind};
use crate::scalar::DateTime;

/// The row of an assignment, as the schema shows it.
#[derive(Clone)]
pub struct NoteAssignee(pub Arc<assignment::Model>);

object! {
    /// A user made responsible for a note, since when and by whom.
    NoteAssignee implements "Node" {
        /// Names this assignment among all records. It stays the same when the user is assigned to the same note again.
        id = leaf(|assignee: &NoteAssignee| AssigneeKey { note_id: assignee.0.note_id, user_id: assignee.0.user_id })
            .reads(&["note_id", "user_id"]);
        /// The user responsible.
        user_id = leaf(|assignee: &NoteAssignee| GlobalId(Kind::User, assignee.0.user_id));
        /// The user responsible.
        user = promised::<_, UserById, _>(|assignee: &NoteAssignee| assignee.0.user_id, User)
            .reads(&["user_id"]);
        /// Since when.
        created_on = leaf(|assignee: &NoteAssignee| DateTime(assignee.0.created_on));
        /// Who made the user responsible; null where an import does not tell.
        assigned_by = link::<_, UserById, _>(
            |assignee: &NoteAssignee| assignee.0.assigned_by_id,
            |user| user.map(User),
        )
        .reads(&["assigned_by_id"]);
    }
}
