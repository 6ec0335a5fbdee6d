//! The input type of filters.

use async_graphql::InputObject;

use super::comparator::{
    AssigneesFilter, DateTimeFilter, IdFilter, NoteMessagesFilter, NoteReferenceTypeFilter, NoteStatusFilter,
    StringFilter, TagsFilter,
};

/// Conditions on notes. The fields of one object are combined with AND. A field or an operator that is absent or null
/// sets no condition, and an object without conditions matches all notes. A comparison without any operator is refused:
/// to find null values, use `isNull`. Filters nest at most 4 levels deep with `and`, `or` and `not`, and have at most
/// 50 conditions and 32 KiB of subjects and tags in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteFilter {
    /// All of these filters match, at most 100; an empty list matches all notes.
    pub and: Option<Vec<NoteFilter>>,
    /// At least one of these filters matches, at most 100; an empty list matches no note.
    pub or: Option<Vec<NoteFilter>>,
    /// This filter does not match: true for all notes that it does not match, including those where a compared value is
    /// null.
    pub not: Option<Box<NoteFilter>>,
    /// The ID of the note.
    pub id: Option<IdFilter>,
    /// The customer that the note is about.
    pub customer_id: Option<IdFilter>,
    /// The author of the note.
    pub user_id: Option<IdFilter>,
    /// The type of the note.
    pub type_id: Option<IdFilter>,
    /// The kind of record that the note is about.
    pub reference_type: Option<NoteReferenceTypeFilter>,
    /// The record that the note is about, by its ID in the other system.
    pub reference_id: Option<IdFilter>,
    /// Whether the note is open or closed.
    pub status: Option<NoteStatusFilter>,
    /// Whether the note is marked as important.
    pub priority: Option<bool>,
    /// Whether the note is confidential.
    pub confidential: Option<bool>,
    /// Whether the note is pinned to the customer's overview.
    pub show_on_overview: Option<bool>,
    /// The subject of the note.
    pub subject: Option<StringFilter>,
    /// The tags of the note.
    pub tags: Option<TagsFilter>,
    /// The users assigned to the note.
    pub assignees: Option<AssigneesFilter>,
    /// The messages of the note: who posted them, and when.
    pub messages: Option<NoteMessagesFilter>,
    /// The time of the reminder.
    pub reminder: Option<DateTimeFilter>,
    /// When the note was created.
    pub created_on: Option<DateTimeFilter>,
    /// When the note, its assignees or its messages last changed.
    pub updated_on: Option<DateTimeFilter>,
    /// When the note was closed.
    pub closed_on: Option<DateTimeFilter>,
}

impl NoteFilter {
    /// Whether the filter names customers, authors or records; few notes match then.
    pub fn names_few(&self) -> bool {
        let links = [&self.customer_id, &self.user_id, &self.reference_id];
        links.into_iter().flatten().any(IdFilter::names_few) || self.and.iter().flatten().any(Self::names_few)
    }

    /// Whether the filter selects the notes that changed since some time, or at it.
    pub fn names_update(&self) -> bool {
        self.updated_on.as_ref().is_some_and(DateTimeFilter::names_start)
            || self.and.iter().flatten().any(Self::names_update)
    }

    /// The total size of the filter's texts, in bytes.
    pub fn text_bytes(&self) -> usize {
        fn bytes<'t>(texts: impl IntoIterator<Item = &'t String>) -> usize {
            texts.into_iter().map(String::len).sum()
        }
        let within = self.and.iter().chain(&self.or).flatten().chain(self.not.as_deref()).map(Self::text_bytes);
        let subject = self.subject.as_ref().map_or(
            0,
            |StringFilter { eq, neq, is_in, not_in, contains, starts_with, .. }| {
                bytes([eq, neq, contains, starts_with].into_iter().flatten())
                    + bytes([is_in, not_in].into_iter().flatten().flatten())
            },
        );
        let tags = self.tags.as_ref().map_or(0, |TagsFilter { has_any, has_all, has_none, .. }| {
            bytes([has_any, has_all, has_none].into_iter().flatten().flatten())
        });
        within.sum::<usize>() + subject + tags
    }
}
