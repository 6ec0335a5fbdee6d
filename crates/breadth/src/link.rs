//! Fields that lead to other rows, or to a value that has to be asked for.

use std::any::{Any, TypeId};

use crate::bridge::Value;
use futures_util::future::BoxFuture;

use super::Context;
use super::declare::{ObjectType, Row};
use super::question::Store;
use crate::error::Error;

/// The rows of a scope, their type forgotten.
#[expect(clippy::len_without_is_empty, reason = "rows are walked, however many there are")]
pub trait Rows: Send + Sync {
    fn len(&self) -> usize;
    fn get(&self, index: usize) -> &Row;
}

impl<T: Send + Sync + 'static> Rows for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn get(&self, index: usize) -> &Row {
        &self[index]
    }
}

/// The target of a field of one row. Scopes below are told by their places among the targets of the link.
pub enum Slot {
    Null,
    /// A scope below, and the row of it.
    One(usize, usize),
    /// The rows of the first scope below, from the first up to the second.
    Many(usize, usize),
    /// A list of rows that may be of several scopes.
    Each(Vec<Slot>),
    /// JSON that is already written.
    Json(Vec<u8>),
    Failed(Error),
}

/// The targets of a link from each row, and the rows of the scopes below.
pub struct Below {
    pub slots: Vec<Slot>,
    pub rows: Vec<Box<dyn Rows>>,
}

/// The preparations of a link for its rows, their type forgotten.
pub type Ready = Box<dyn Any + Send>;

/// The preparations of a link for its rows, now or when its future is done.
pub enum Prepared<'c> {
    Ready(Ready),
    Coming(BoxFuture<'c, Ready>),
}

/// Arguments that were found right.
pub enum Given<'p> {
    /// Arguments without variables, kept with the plan.
    Kept(&'p Row),
    /// Arguments of this operation.
    Own(Box<Row>),
}

impl Given<'_> {
    pub fn row(&self) -> &Row {
        match self {
            Self::Kept(row) => *row,
            Self::Own(row) => row.as_ref(),
        }
    }
}

/// A field that leads to other rows, or to a value that has to be asked for.
pub trait Link: Send + Sync {
    /// The object types that it may lead to; none where it leads to a value.
    fn targets(&self) -> Vec<&'static ObjectType>;
    /// Whether null may stand in its place.
    fn nullable(&self) -> bool;
    /// Whether null may stand in the place of an item, where it leads to a list.
    fn nullable_items(&self) -> bool {
        false
    }
    /// The question it asks; `None` where the row has what is needed.
    fn question(&self) -> Option<TypeId>;
    /// Turns the arguments into what `prepare` takes: what is wrong with them is found out here.
    ///
    /// # Errors
    /// A message for the client where they are wrong.
    fn arguments(&self, values: Value) -> Result<Box<Row>, String>;
    /// Finds out which keys the rows need, and asks for them; or begins what finds out by itself.
    fn prepare<'c>(&'c self, rows: &dyn Rows, given: Given<'_>, ctx: Context<'c>, store: &mut Store) -> Prepared<'c>;
    /// Makes the rows below of what was answered.
    fn follow(&self, ready: Ready, store: &mut Store) -> Below;
}
