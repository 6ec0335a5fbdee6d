//! What is stored a second time in a form that can be searched or ordered: kept by every writer, and made anew for the
//! records that are there already when its rules change.
//!
//! The table `derived` says by which version of the rules it was made, so that a database from before is brought up to
//! date once, in short transactions, after its tables are. Whoever changes what [`fold`](crate::fold::fold) gives, say
//! with a new version of Unicode, raises the version here; so does whoever changes the [tokens](crate::search).

mod catch_up;
mod search;
mod subject;

use sea_orm::DbErr;

pub use catch_up::{catch_up, pending};

use crate::db::Transaction;
use crate::entity::{customer, user};
use crate::people;

/// A form that is stored beside its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// `note.subject_folded`
    FoldedSubject,
    /// The words that customers are found by: `customer_word`.
    CustomerWords,
    /// The words that users are found by: `user_word`.
    UserWords,
    /// The words of notes and messages: `search_part`, and what belongs to it.
    Search,
}

/// A record, by its company and its id.
pub type Key = (i64, i64);

impl Derivation {
    pub const ALL: [Self; 4] = [Self::FoldedSubject, Self::CustomerWords, Self::UserWords, Self::Search];

    /// Its name in the table `derived`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FoldedSubject => "note.subject_folded",
            Self::CustomerWords => "customer_word",
            Self::UserWords => "user_word",
            Self::Search => "search_part",
        }
    }

    /// The version of its rules, from 1.
    pub fn version(self) -> i32 {
        match self {
            Self::FoldedSubject | Self::CustomerWords | Self::UserWords => 1,
            Self::Search => 2,
        }
    }

    /// Makes it for the next records after this one, in the order of their keys; gives the last of them, `None` where
    /// there are no more. Nobody can change these records until the transaction ends.
    async fn batch(self, transaction: &Transaction, after: Option<Key>) -> Result<Option<Key>, DbErr> {
        match self {
            Self::FoldedSubject => subject::batch(transaction, after).await,
            Self::CustomerWords => people::batch::<customer::Entity>(transaction, after).await,
            Self::UserWords => people::batch::<user::Entity>(transaction, after).await,
            Self::Search => search::batch(transaction, after).await,
        }
    }
}
