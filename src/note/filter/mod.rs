//! Filters: the conditions that select the notes of a list.
//!
//! Conditions are two-valued: a comparison with a null column is false, and its negation is true. Conditions on tables
//! with many rows per note are subqueries, so that each note appears once in a list.

mod comparator;
mod condition;
mod operator;
mod related;
mod subject;

use async_graphql::InputObject;

use self::comparator::{
    AssigneesFilter, DateTimeFilter, IdFilter, NoteMessagesFilter, NoteReferenceTypeFilter, NoteStatusFilter,
    StringFilter, TagsFilter,
};
use self::condition::FilterCompiler;
pub use self::condition::FilterPlan;
use crate::error::{Error, Result};
use crate::store::db::Dialect;
use crate::store::entity::AccessScope;

/// Maximum total size of the subjects and tags in a filter, in bytes: casefolding them takes less than a millisecond.
const MAX_TEXT: usize = 32 * 1024;

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

    /// The total size of the filter's texts, in bytes.
    fn text_bytes(&self) -> usize {
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

    /// Turns the filter into conditions on the table `note`, for one viewer on one database.
    ///
    /// # Errors
    /// INVALID if a comparison has no operator, an ID is malformed, or a limit is exceeded.
    pub fn split(&self, access: AccessScope, dialect: Dialect) -> Result<FilterPlan> {
        let bytes = self.text_bytes();
        if bytes > MAX_TEXT {
            return Err(Error::Invalid(format!(
                "The filter has {bytes} bytes of texts; at most {MAX_TEXT} are taken."
            )));
        }
        FilterCompiler::new(access, dialect).of(self)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::ID;

    use super::*;
    use crate::search::SearchLimits;

    fn weight(filter: &NoteFilter) -> u64 {
        let access = AccessScope { company_id: 1, user_id: 1, confidential: true };
        filter.split(access, Dialect::SQLITE).unwrap().weight
    }

    fn any_of(filters: Vec<NoteFilter>) -> NoteFilter {
        NoteFilter { or: Some(filters), ..NoteFilter::default() }
    }

    fn tagged(count: usize) -> NoteFilter {
        let tags = (0..count).map(|tag| tag.to_string()).collect();
        let tags = TagsFilter { has_any: Some(tags), ..TagsFilter::default() };
        NoteFilter { tags: Some(tags), ..NoteFilter::default() }
    }

    fn containing(bytes: usize) -> NoteFilter {
        let subject = StringFilter { contains: Some("x".repeat(bytes)), ..StringFilter::default() };
        NoteFilter { subject: Some(subject), ..NoteFilter::default() }
    }

    #[test]
    fn long_lists_and_texts_weigh_more_than_short_ones() {
        let users = |count: usize| (1..=count).map(|id| ID(id.to_string())).collect::<Vec<_>>();
        let assigned = |count: usize| {
            let assignees = AssigneesFilter { none: Some(users(count)), ..AssigneesFilter::default() };
            NoteFilter { assignees: Some(assignees), ..NoteFilter::default() }
        };
        let posted = |count: usize| {
            let posted_by_id = Some(IdFilter { is_in: Some(users(count)), ..IdFilter::default() });
            let messages = Some(NoteMessagesFilter { posted_by_id, ..NoteMessagesFilter::default() });
            NoteFilter { messages, ..NoteFilter::default() }
        };
        for (few, weights) in [(1, [3, 3, 3]), (31, [3, 3, 3]), (32, [6, 6, 6]), (100, [12, 12, 12])] {
            let filters = [tagged(few), assigned(few), posted(few)];
            assert_eq!(filters.map(|filter| weight(&any_of(vec![filter]))), weights, "{few}");
        }
        assert_eq!(weight(&tagged(100)), 0, "an index finds them");
        assert_eq!([1, 29, 30, 600].map(|bytes| weight(&containing(bytes))), [1, 1, 2, 21]);
    }

    #[test]
    fn a_statement_looks_at_the_fewest_notes_for_the_heaviest_filters() {
        let limits = SearchLimits::default();
        for heavy in [any_of(vec![tagged(100); 45]), any_of(vec![containing(600); 45])] {
            assert_eq!(limits.most(weight(&heavy)), limits.fewest);
        }
        assert!(limits.most(weight(&any_of(vec![tagged(1); 45]))) > 3 * limits.fewest);
    }
}
