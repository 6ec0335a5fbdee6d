//! Comparisons, as clients write them. An operator that is null is one that is absent: generators of clients send null for what is
//! not set.

use async_graphql::{ID, InputObject};

use crate::note::object::{NoteReferenceType, NoteStatus};
use crate::scalar::DateTime;

/// Compares an ID. An empty value is unequal to every ID. Null sets no condition; at least one operator has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
#[graphql(name = "IDFilter")]
pub struct IdFilter {
    /// Is this one.
    pub eq: Option<ID>,
    /// Is not this one; is empty, perhaps.
    pub neq: Option<ID>,
    /// Is one of these, at most 100; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<ID>>,
    /// Is none of these, at most 100; is empty, perhaps.
    pub not_in: Option<Vec<ID>>,
    /// Is empty, or is not.
    pub is_null: Option<bool>,
}

impl IdFilter {
    /// Whether it names the records, which are few then.
    pub fn names_few(&self) -> bool {
        self.eq.is_some() || self.is_in.is_some()
    }

    /// How many values its lists have.
    pub fn values(&self) -> usize {
        self.is_in.iter().chain(&self.not_in).map(Vec::len).sum()
    }
}

/// Compares text without regard to case, as Unicode folds it; `%` and `_` mean themselves. An empty value is unequal to
/// every text. Null sets no condition; at least one operator has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct StringFilter {
    /// Is this text.
    pub eq: Option<String>,
    /// Is not this text; is empty, perhaps.
    pub neq: Option<String>,
    /// Is one of these, at most 100; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<String>>,
    /// Is none of these, at most 100; is empty, perhaps.
    pub not_in: Option<Vec<String>>,
    /// Has this text somewhere in it.
    pub contains: Option<String>,
    /// Begins with this text.
    pub starts_with: Option<String>,
    /// Is empty, or is not. A text of no characters is not empty.
    pub is_null: Option<bool>,
}

/// Compares a time. An empty one is neither equal, before nor after. Null sets no condition; at least one operator has to be
/// set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DateTimeFilter {
    /// Is this time.
    pub eq: Option<DateTime>,
    /// Is after this time.
    pub gt: Option<DateTime>,
    /// Is this time or after it.
    pub gte: Option<DateTime>,
    /// Is before this time.
    pub lt: Option<DateTime>,
    /// Is this time or before it.
    pub lte: Option<DateTime>,
    /// Is empty, or is not.
    pub is_null: Option<bool>,
}

/// Compares a status. Null sets no condition; at least one operator has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteStatusFilter {
    /// Is this one.
    pub eq: Option<NoteStatus>,
    /// Is not this one.
    pub neq: Option<NoteStatus>,
    /// Is one of these; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<NoteStatus>>,
    /// Is none of these.
    pub not_in: Option<Vec<NoteStatus>>,
}

/// Compares the kind of record a note is about. An empty one is unequal to every kind. Null sets no condition; at least one
/// operator has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteReferenceTypeFilter {
    /// Is this one.
    pub eq: Option<NoteReferenceType>,
    /// Is not this one; is empty, perhaps.
    pub neq: Option<NoteReferenceType>,
    /// Is one of these; `[]` matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<NoteReferenceType>>,
    /// Is none of these; is empty, perhaps.
    pub not_in: Option<Vec<NoteReferenceType>>,
    /// Is empty, or is not.
    pub is_null: Option<bool>,
}

/// Looks at who is assigned. Null sets no condition; at least one operator has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AssigneesFilter {
    /// At least one of these users, at most 100; `[]` matches nothing.
    pub any: Option<Vec<ID>>,
    /// All of these users, at most 100.
    pub all: Option<Vec<ID>>,
    /// None of these users, at most 100.
    pub none: Option<Vec<ID>>,
    /// Nobody is assigned, or somebody is.
    pub is_empty: Option<bool>,
    /// The viewer is assigned, or is not.
    pub includes_viewer: Option<bool>,
}

/// Looks at the tags. Tags are compared exactly, as they are added and removed: "VIP" and "vip" are two.
/// Null sets no condition; at least one operator has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct TagsFilter {
    /// At least one of these tags, at most 100; `[]` matches nothing.
    pub has_any: Option<Vec<String>>,
    /// All of these tags, at most 100.
    pub has_all: Option<Vec<String>>,
    /// None of these tags, at most 100.
    pub has_none: Option<Vec<String>>,
    /// There are no tags, or there are some.
    pub is_empty: Option<bool>,
}

/// Looks at the messages: there is one for which all conditions hold, or, with `exists: false`, there is none. Words in
/// messages are not found here. Null sets no condition; at least one field has to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteMessagesFilter {
    /// Whether there is such a message; there is when absent and another condition is set.
    pub exists: Option<bool>,
    /// Who posted it.
    pub posted_by_id: Option<IdFilter>,
    /// When it was posted.
    pub created_on: Option<DateTimeFilter>,
}
