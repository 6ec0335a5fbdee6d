//! Derived data: searchable and sortable forms of stored values. Every writer maintains them, and they are backfilled
//! for existing records when their rules change.
//!
//! The table `derived` stores the version of the rules that each derivation was made by, so that an older database is
//! backfilled once, in short transactions, after its migration. A change of what [`casefold`](crate::text::casefold::casefold) returns,
//! for example by a new version of Unicode, or of the [tokens](crate::search), requires a new version here.

mod runner;
mod search;
mod subject;

use sea_orm::DbErr;

pub use runner::{catch_up, pending};

use crate::people;
use crate::store::db::Transaction;
use crate::store::entity::derived::Key;
use crate::store::entity::{customer, user};

/// A form that is stored next to its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backfill {
    /// `note.subject_folded`
    FoldedSubject,
    /// The words by which customers are found: `customer_word`.
    CustomerWords,
    /// The words by which users are found: `user_word`.
    UserWords,
    /// The words of notes and messages: `search_part`, and its dependent tables.
    Search,
}

impl Backfill {
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

    /// Derives the next records after `after`, in the order of their keys, and returns the key of the last one, or
    /// `None` if there are no more. The records stay locked until the transaction ends.
    async fn batch(self, transaction: &Transaction, after: Option<Key>) -> Result<Option<Key>, DbErr> {
        match self {
            Self::FoldedSubject => subject::batch(transaction, after).await,
            Self::CustomerWords => people::batch::<customer::Entity>(transaction, after).await,
            Self::UserWords => people::batch::<user::Entity>(transaction, after).await,
            Self::Search => search::batch(transaction, after).await,
        }
    }
}
