//! Comparisons, as clients write them.

use async_graphql::{ID, InputObject, MaybeUndefined};

use crate::note::object::{NoteReferenceType, NoteStatus};
use crate::scalar::DateTime;

/// Compares an ID. An empty value is unequal to every ID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
#[graphql(name = "IDFilter")]
pub struct IdFilter {
    /// Is this one.
    pub eq: MaybeUndefined<ID>,
    /// Is not this one; is empty, perhaps.
    pub neq: MaybeUndefined<ID>,
    /// Is one of these, at most 100; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: MaybeUndefined<Vec<ID>>,
    /// Is none of these, at most 100; is empty, perhaps.
    pub not_in: MaybeUndefined<Vec<ID>>,
    /// Is empty, or is not.
    pub is_null: MaybeUndefined<bool>,
}

impl IdFilter {
    /// Whether it names the records, which are few then.
    pub fn names_few(&self) -> bool {
        self.eq.is_value() || self.is_in.is_value()
    }
}

/// Compares text without regard to case, as Unicode folds it; `%` and `_` mean themselves. An empty value is unequal to
/// every text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct StringFilter {
    /// Is this text.
    pub eq: MaybeUndefined<String>,
    /// Is not this text; is empty, perhaps.
    pub neq: MaybeUndefined<String>,
    /// Is one of these, at most 100; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: MaybeUndefined<Vec<String>>,
    /// Is none of these, at most 100; is empty, perhaps.
    pub not_in: MaybeUndefined<Vec<String>>,
    /// Has this text somewhere in it.
    pub contains: MaybeUndefined<String>,
    /// Begins with this text.
    pub starts_with: MaybeUndefined<String>,
    /// Is empty, or is not. A text of no characters is not empty.
    pub is_null: MaybeUndefined<bool>,
}

/// Compares a time. An empty one is neither equal, before nor after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DateTimeFilter {
    /// Is this time.
    pub eq: MaybeUndefined<DateTime>,
    /// Is after this time.
    pub gt: MaybeUndefined<DateTime>,
    /// Is this time or after it.
    pub gte: MaybeUndefined<DateTime>,
    /// Is before this time.
    pub lt: MaybeUndefined<DateTime>,
    /// Is this time or before it.
    pub lte: MaybeUndefined<DateTime>,
    /// Is empty, or is not.
    pub is_null: MaybeUndefined<bool>,
}

/// Compares a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteStatusFilter {
    /// Is this one.
    pub eq: MaybeUndefined<NoteStatus>,
    /// Is not this one.
    pub neq: MaybeUndefined<NoteStatus>,
    /// Is one of these; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: MaybeUndefined<Vec<NoteStatus>>,
    /// Is none of these.
    pub not_in: MaybeUndefined<Vec<NoteStatus>>,
}

/// Compares the kind of record a note is about. An empty one is unequal to every kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteReferenceTypeFilter {
    /// Is this one.
    pub eq: MaybeUndefined<NoteReferenceType>,
    /// Is not this one; is empty, perhaps.
    pub neq: MaybeUndefined<NoteReferenceType>,
    /// Is one of these; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: MaybeUndefined<Vec<NoteReferenceType>>,
    /// Is none of these; is empty, perhaps.
    pub not_in: MaybeUndefined<Vec<NoteReferenceType>>,
    /// Is empty, or is not.
    pub is_null: MaybeUndefined<bool>,
}

/// Looks at who is assigned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AssigneesFilter {
    /// At least one of these users, at most 100; `[]` matches nothing.
    pub any: MaybeUndefined<Vec<ID>>,
    /// All of these users, at most 100.
    pub all: MaybeUndefined<Vec<ID>>,
    /// None of these users, at most 100.
    pub none: MaybeUndefined<Vec<ID>>,
    /// Nobody is assigned, or somebody is.
    pub is_empty: MaybeUndefined<bool>,
    /// The viewer is assigned, or is not.
    pub includes_viewer: MaybeUndefined<bool>,
}

/// Looks at the tags. Tags are compared exactly, as they are added and removed: "VIP" and "vip" are two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct TagsFilter {
    /// At least one of these tags, at most 100; `[]` matches nothing.
    pub has_any: MaybeUndefined<Vec<String>>,
    /// All of these tags, at most 100.
    pub has_all: MaybeUndefined<Vec<String>>,
    /// None of these tags, at most 100.
    pub has_none: MaybeUndefined<Vec<String>>,
    /// There are no tags, or there are some.
    pub is_empty: MaybeUndefined<bool>,
}

/// Looks at the messages: there is one for which all conditions hold, or, with `exists: false`, there is none. Words in
/// messages are not found here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteMessagesFilter {
    /// Whether there is such a message; there is when absent and another condition is set.
    pub exists: MaybeUndefined<bool>,
    /// Who posted it.
    pub posted_by_id: Option<IdFilter>,
    /// When it was posted.
    pub created_on: Option<DateTimeFilter>,
}
