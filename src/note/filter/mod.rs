//! Which notes a list holds.
//!
//! Conditions are two-valued: what compares with an empty column is false, and its negation true. To many records they
//! are subqueries, so that a note stands in a list once.

mod comparator;
mod condition;
mod operator;
mod related;
mod subject;

use async_graphql::InputObject;
use sea_orm::DatabaseBackend;

use self::comparator::{
    AssigneesFilter, DateTimeFilter, IdFilter, NoteMessagesFilter, NoteReferenceTypeFilter, NoteStatusFilter,
    StringFilter, TagsFilter,
};
use self::condition::Conditions;
pub use self::condition::Split;
use crate::entity::Sight;
use crate::error::{Error, Result};

/// The most bytes of all subjects and tags of a filter: folding them takes less than a millisecond.
const MAX_TEXT: usize = 32 * 1024;

/// Which notes. The fields of one object are joined with AND. A field, or an operator of a comparison, that is absent or null
/// sets no condition, and an object without conditions is true for all notes. A comparison without any operator is refused: to
/// look for what is empty, use `isNull`. At most 4 objects within each other with `and`, `or` and `not`, 50 conditions in all, and 32 KiB of subjects and tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteFilter {
    /// All of these hold, at most 100; of none, all do.
    pub and: Option<Vec<NoteFilter>>,
    /// One of these holds, at most 100; of none, none does.
    pub or: Option<Vec<NoteFilter>>,
    /// This does not hold: true for all notes for which it is not true, also where a value is empty.
    pub not: Option<Box<NoteFilter>>,
    /// The note itself.
    pub id: Option<IdFilter>,
    /// The customer it is about.
    pub customer_id: Option<IdFilter>,
    /// The author.
    pub user_id: Option<IdFilter>,
    /// The type.
    pub type_id: Option<IdFilter>,
    /// The kind of record it is about.
    pub reference_type: Option<NoteReferenceTypeFilter>,
    /// The record it is about, by the ID that the other system knows it by.
    pub reference_id: Option<IdFilter>,
    /// Open or closed.
    pub status: Option<NoteStatusFilter>,
    /// Marked as important, or not.
    pub priority: Option<bool>,
    /// Confidential, or not.
    pub confidential: Option<bool>,
    /// Pinned to the overview of the customer, or not.
    pub show_on_overview: Option<bool>,
    /// The headline.
    pub subject: Option<StringFilter>,
    /// Words to find it by.
    pub tags: Option<TagsFilter>,
    /// Who is assigned.
    pub assignees: Option<AssigneesFilter>,
    /// What was said about it, by whom and when.
    pub messages: Option<NoteMessagesFilter>,
    /// When to be reminded of it.
    pub reminder: Option<DateTimeFilter>,
    /// When it was made.
    pub created_on: Option<DateTimeFilter>,
    /// When it, its assignees or its messages last changed.
    pub updated_on: Option<DateTimeFilter>,
    /// When it was closed.
    pub closed_on: Option<DateTimeFilter>,
}

impl NoteFilter {
    /// Whether it names the customers, authors or records that all its notes belong to, which are few then.
    pub fn names_few(&self) -> bool {
        let links = [&self.customer_id, &self.user_id, &self.reference_id];
        links.into_iter().flatten().any(IdFilter::names_few) || self.and.iter().flatten().any(Self::names_few)
    }

    /// The bytes of all texts in it.
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

    /// The conditions that it sets on the table `note`, for one viewer on one database.
    ///
    /// # Errors
    /// INVALID, where it has a comparison without an operator, an ID that is none, or more than is allowed of anything.
    pub fn split(&self, sight: Sight, backend: DatabaseBackend) -> Result<Split> {
        let bytes = self.text_bytes();
        if bytes > MAX_TEXT {
            return Err(Error::Invalid(format!(
                "The filter has {bytes} bytes of texts; at most {MAX_TEXT} are taken."
            )));
        }
        Conditions::new(sight, backend).of(self)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::ID;

    use super::*;
    use crate::search::Limits;

    fn weight(filter: &NoteFilter) -> u64 {
        let sight = Sight { company_id: 1, user_id: 1, confidential: true };
        filter.split(sight, DatabaseBackend::Sqlite).unwrap().weight
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
        let limits = Limits::default();
        for heavy in [any_of(vec![tagged(100); 45]), any_of(vec![containing(600); 45])] {
            assert_eq!(limits.most(weight(&heavy)), limits.fewest);
        }
        assert!(limits.most(weight(&any_of(vec![tagged(1); 45]))) > 3 * limits.fewest);
    }
}
