//! The IDs of records, a type for each kind, so that the ID of one record does not compile in place of another's.
//!
//! All are 64-bit integers in the database, in JSON and in SQL. The API shows global IDs, which name the kind as well.

use std::fmt::{Debug, Display, Formatter};
use std::hash::Hash;
use std::num::ParseIntError;
use std::str::FromStr;

use sea_orm::{DeriveValueType, Value};
use serde::Serialize;

/// The ID of a kind of record. Conversions from and to integers are for code that handles all kinds alike.
pub trait RecordId:
    Copy + Debug + Default + Display + Ord + Hash + From<i64> + Into<i64> + Into<Value> + Serialize + Send + Sync + 'static
{
}

/// Defines the ID of a kind of record. Its default is 0, which no record has: it stands for a column that was not read.
macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, DeriveValueType)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl RecordId for $name {}

        impl From<i64> for $name {
            fn from(key: i64) -> Self {
                Self(key)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
                Display::fmt(&self.0, f)
            }
        }
    )+};
}

ids! {
    /// The ID of a company, unique in the database.
    CompanyId;
    /// The ID of a customer, unique in its company.
    CustomerId;
    /// The ID of a user, unique in its company.
    UserId;
    /// The ID of a note type, unique in its company.
    NoteTypeId;
    /// The ID of a note, unique in its company.
    NoteId;
    /// The ID of a message, unique in its company, and not only in its note.
    MessageId;
    /// The ID of an event: its position in the event log of all companies.
    EventId;
    /// The ID of a token, unique in its company. It is no secret.
    TokenId;
}
