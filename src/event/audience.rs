use serde_json::json;

use crate::ids::{CustomerId, UserId};
use crate::store::entity::event::{self, UserKeys};
use crate::store::entity::note;

/// Maximum number of assignees that an event of a confidential note remembers: the first ones. Later ones get no events
/// of the note once it is deleted.
pub const MOST_ASSIGNEES: usize = 1_000;

/// Who could see a note before and after an event, apart from the assignees that the database knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    before: Option<Access>,
    after: Option<Access>,
    /// Users whom the event assigns, and unassigns.
    assigned: Vec<UserId>,
    unassigned: Vec<UserId>,
}

/// The properties of a note that decide who sees it, and its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Access {
    confidential: bool,
    author: Option<UserId>,
    customer: Option<CustomerId>,
}

impl From<&note::Model> for Access {
    fn from(note: &note::Model) -> Self {
        Self { confidential: note.confidential, author: note.user_id, customer: note.customer_id }
    }
}

impl Audience {
    /// The event creates the note with these assignees.
    pub fn created(note: &note::Model, assignees: &[UserId]) -> Self {
        Self { after: Some(note.into()), assigned: assignees.to_vec(), ..Self::default() }
    }

    /// The event changes the note.
    pub fn changed(old: &note::Model, new: &note::Model) -> Self {
        Self { before: Some(old.into()), after: Some(new.into()), ..Self::default() }
    }

    /// The event changes nothing of who sees the note.
    pub fn same(note: &note::Model) -> Self {
        Self::changed(note, note)
    }

    /// The event deletes the note. It has to be appended while the assignments still exist.
    pub fn deleted(note: &note::Model) -> Self {
        Self { before: Some(note.into()), ..Self::default() }
    }

    #[must_use]
    pub fn assigning(mut self, users: &[UserId]) -> Self {
        self.assigned = users.to_vec();
        self
    }

    #[must_use]
    pub fn unassigning(mut self, users: &[UserId]) -> Self {
        self.unassigned = users.to_vec();
        self
    }

    /// Whether the assignees decide who sees the note.
    pub fn needs_assignees(&self) -> bool {
        [self.before, self.after].into_iter().flatten().any(|access| access.confidential)
    }

    /// Sets the columns of an event that is inserted as a row, where the program knows all assignees.
    pub fn set(self, event: &mut event::Model, assignees: impl IntoIterator<Item = UserId>) {
        if self.needs_assignees() {
            let list = |users: &[UserId]| users.iter().take(MOST_ASSIGNEES).copied().collect::<UserKeys>();
            event.assignees = Some(assignees.into_iter().take(MOST_ASSIGNEES).collect());
            event.assigned = Some(list(&self.assigned));
            event.unassigned = Some(list(&self.unassigned));
        }
        event.confidential_before = self.before.map(|access| access.confidential);
        event.confidential_after = self.after.map(|access| access.confidential);
        event.author_before_id = self.before.and_then(|access| access.author);
        event.author_after_id = self.after.and_then(|access| access.author);
        event.customer_before_id = self.before.and_then(|access| access.customer);
        event.customer_after_id = self.after.and_then(|access| access.customer);
    }

    pub(super) fn flags(&self) -> [i64; 2] {
        [self.before, self.after].map(|access| access.map_or(-1, |access| access.confidential.into()))
    }

    pub(super) fn authors(&self) -> [Option<UserId>; 2] {
        [self.before, self.after].map(|access| access?.author)
    }

    pub(super) fn customers(&self) -> [Option<CustomerId>; 2] {
        [self.before, self.after].map(|access| access?.customer)
    }

    /// The users whom the event assigns and unassigns as JSON, where they decide who sees the note.
    pub(super) fn lists(&self) -> [Option<String>; 2] {
        let list =
            |users: &Vec<UserId>| (self.needs_assignees() && !users.is_empty()).then(|| json!(users).to_string());
        [list(&self.assigned), list(&self.unassigned)]
    }
}
