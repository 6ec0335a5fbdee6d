//! Which events a viewer could read when they happened.

use super::AccessScope;
use super::entity::event;
use crate::ids::UserId;

impl AccessScope {
    /// Whether the viewer could see the note just before the event.
    pub fn saw_before(&self, event: &event::Model) -> bool {
        let was_assigned = || self.is_in(event.assignees.as_ref(), event.unassigned.as_ref(), event.assigned.as_ref());
        self.saw(event.confidential_before, event.author_before_id, was_assigned)
    }

    /// Whether the viewer could see the note just after the event.
    pub fn saw_after(&self, event: &event::Model) -> bool {
        let was_assigned = || self.is_in(event.assignees.as_ref(), event.assigned.as_ref(), event.unassigned.as_ref());
        self.saw(event.confidential_after, event.author_after_id, was_assigned)
    }

    /// The rule of [`AccessScope::visible_notes`], for a note as it was.
    fn saw(&self, confidential: Option<bool>, author: Option<UserId>, was_assigned: impl Fn() -> bool) -> bool {
        confidential.is_some_and(|confidential| {
            !confidential || self.confidential || author == Some(self.user_id) || was_assigned()
        })
    }

    /// Whether the viewer is among the users of two lists, without those of the third.
    fn is_in(
        &self,
        known: Option<&event::UserKeys>,
        more: Option<&event::UserKeys>,
        less: Option<&event::UserKeys>,
    ) -> bool {
        let has = |list: Option<&event::UserKeys>| list.is_some_and(|list| list.0.contains(&self.user_id.0));
        (has(known) || has(more)) && !has(less)
    }
}
