//! The input types of comparisons. A null operator counts as absent, because generated clients send null for unset
//! fields.

use async_graphql::{ID, InputObject};

use crate::graphql::scalars::DateTime;
use crate::note::enums::{NoteReferenceType, NoteStatus};

/// Compares an ID. A null value is unequal to every ID. A null operator sets no condition; at least one operator must
/// be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
#[graphql(name = "IDFilter")]
pub struct IdFilter {
    /// Equal to this value.
    pub eq: Option<ID>,
    /// Not equal to this value, or null.
    pub neq: Option<ID>,
    /// Equal to one of these values, at most 100; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<ID>>,
    /// Equal to none of these values, at most 100, or null.
    pub not_in: Option<Vec<ID>>,
    /// Whether the value is null.
    pub is_null: Option<bool>,
}

impl IdFilter {
    /// Whether the filter names the records; few match then.
    pub fn names_few(&self) -> bool {
        self.eq.is_some() || self.is_in.is_some()
    }

    /// The number of values in its lists.
    pub fn values(&self) -> usize {
        self.is_in.iter().chain(&self.not_in).map(Vec::len).sum()
    }
}

/// Compares text case-insensitively, with Unicode case folding; `%` and `_` have no special meaning. A null value is
/// unequal to every text. A null operator sets no condition; at least one operator must be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct StringFilter {
    /// Equal to this text.
    pub eq: Option<String>,
    /// Not equal to this text, or null.
    pub neq: Option<String>,
    /// Equal to one of these values, at most 100; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<String>>,
    /// Equal to none of these values, at most 100, or null.
    pub not_in: Option<Vec<String>>,
    /// Contains this text.
    pub contains: Option<String>,
    /// Begins with this text.
    pub starts_with: Option<String>,
    /// Whether the value is null. An empty text is not null.
    pub is_null: Option<bool>,
}

/// Compares a time. A null value is neither equal to, before nor after any time. A null operator sets no condition; at
/// least one operator must be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DateTimeFilter {
    /// Equal to this time.
    pub eq: Option<DateTime>,
    /// After this time.
    pub gt: Option<DateTime>,
    /// At this time or after it.
    pub gte: Option<DateTime>,
    /// Before this time.
    pub lt: Option<DateTime>,
    /// At this time or before it.
    pub lte: Option<DateTime>,
    /// Whether the value is null.
    pub is_null: Option<bool>,
}

impl DateTimeFilter {
    /// Whether it has a start, and so excludes most rows more often than not.
    pub fn names_start(&self) -> bool {
        self.eq.is_some() || self.gt.is_some() || self.gte.is_some()
    }
}

/// Compares a status. A null operator sets no condition; at least one operator must be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteStatusFilter {
    /// Equal to this value.
    pub eq: Option<NoteStatus>,
    /// Not equal to this value.
    pub neq: Option<NoteStatus>,
    /// Equal to one of these values; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<NoteStatus>>,
    /// Equal to none of these values.
    pub not_in: Option<Vec<NoteStatus>>,
}

/// Compares the kind of record that a note is about. A null value is unequal to every kind. A null operator sets no
/// condition; at least one operator must be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteReferenceTypeFilter {
    /// Equal to this value.
    pub eq: Option<NoteReferenceType>,
    /// Not equal to this value, or null.
    pub neq: Option<NoteReferenceType>,
    /// Equal to one of these values; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<NoteReferenceType>>,
    /// Equal to none of these values, or null.
    pub not_in: Option<Vec<NoteReferenceType>>,
    /// Whether the value is null.
    pub is_null: Option<bool>,
}

/// Compares the assignees of a note. A null operator sets no condition; at least one operator must be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AssigneesFilter {
    /// At least one of these users is assigned, at most 100; `[]` matches nothing.
    pub any: Option<Vec<ID>>,
    /// All of these users are assigned, at most 100.
    pub all: Option<Vec<ID>>,
    /// None of these users is assigned, at most 100.
    pub none: Option<Vec<ID>>,
    /// Whether nobody is assigned.
    pub is_empty: Option<bool>,
    /// Whether the viewer is assigned.
    pub includes_viewer: Option<bool>,
}

/// Compares the tags of a note. Tags are compared exactly, as when they are added and removed: "VIP" and "vip" are
/// different tags. A null operator sets no condition; at least one operator must be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct TagsFilter {
    /// The note has at least one of these tags, at most 100; `[]` matches nothing.
    pub has_any: Option<Vec<String>>,
    /// The note has all of these tags, at most 100.
    pub has_all: Option<Vec<String>>,
    /// The note has none of these tags, at most 100.
    pub has_none: Option<Vec<String>>,
    /// Whether the note has no tags.
    pub is_empty: Option<bool>,
}

/// Matches notes that have a message for which all conditions hold, or, with `exists: false`, notes that have none. It
/// does not search the words of messages. A null field sets no condition; at least one field must be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteMessagesFilter {
    /// Whether such a message exists; true by default if another condition is set.
    pub exists: Option<bool>,
    /// The user who posted the message.
    pub posted_by_id: Option<IdFilter>,
    /// When the message was posted.
    pub created_on: Option<DateTimeFilter>,
}
