//! Relations: fields that lead to other rows, or to a value that has to be loaded.

use std::any::{Any, TypeId};

use crate::bridge::Value;
use futures_util::future::BoxFuture;

use super::Context;
use super::declare::{ErasedRow, ObjectType};
use super::loader::LoadState;
use crate::error::Error;

/// The rows of a node, with their type erased.
#[expect(clippy::len_without_is_empty, reason = "rows are iterated, however many there are")]
pub trait RowList: Send + Sync {
    fn len(&self) -> usize;
    fn get(&self, index: usize) -> &ErasedRow;
}

impl<T: Send + Sync + 'static> RowList for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn get(&self, index: usize) -> &ErasedRow {
        &self[index]
    }
}

/// The targets of a field for one row. Child nodes are identified by their index among the targets of the relation.
pub enum FieldValue {
    Null,
    /// A child node and the index of the row in it.
    Object(usize, usize),
    /// A range of rows of the first child node: from the first index up to, but not including, the second.
    Many(usize, usize),
    /// A list of rows that may be in several child nodes.
    Each(Vec<FieldValue>),
    /// JSON that is already written.
    Json(Vec<u8>),
    Failed(Error),
}

/// The targets of a relation for each row, and the rows of the child nodes.
pub struct ChildRows {
    pub values: Vec<FieldValue>,
    pub rows: Vec<Box<dyn RowList>>,
}

/// The data that a relation has prepared for its rows, with its type erased.
pub type Ready = Box<dyn Any + Send>;

/// The data that a relation has prepared for its rows, available now or when the future completes.
pub enum Prepared<'c> {
    Ready(Ready),
    Coming(BoxFuture<'c, Ready>),
}

/// Valid arguments.
pub enum CoercedArguments<'p> {
    /// Without variables, kept with the plan.
    Kept(&'p ErasedRow),
    /// Parsed for this operation.
    Own(Box<ErasedRow>),
}

impl CoercedArguments<'_> {
    pub fn row(&self) -> &ErasedRow {
        match self {
            Self::Kept(row) => *row,
            Self::Own(row) => row.as_ref(),
        }
    }
}

/// A field that leads to other rows, or to a value that has to be loaded.
pub trait RelationField: Send + Sync {
    /// The possible object types; empty if the field has a value.
    fn targets(&self) -> Vec<&'static ObjectType>;
    /// Whether the field may be null.
    fn nullable(&self) -> bool;
    /// Whether items may be null, if the field is a list.
    fn nullable_items(&self) -> bool {
        false
    }
    /// Identifies the loader; `None` if nothing has to be loaded.
    fn loader_id(&self) -> Option<TypeId>;
    /// Parses the arguments for `prepare`; errors in them are found here.
    ///
    /// # Errors
    /// A message for the client, if the arguments are invalid.
    fn arguments(&self, values: Value) -> Result<Box<ErasedRow>, String>;
    /// Determines which keys the rows need and requests them from the loader, or starts a future that resolves the
    /// field.
    fn prepare<'c>(
        &'c self,
        rows: &dyn RowList,
        given: CoercedArguments<'_>,
        ctx: Context<'c>,
        state: &mut LoadState,
    ) -> Prepared<'c>;
    /// Turns the loaded values into the rows of the child nodes.
    fn complete(&self, ready: Ready, state: &mut LoadState) -> ChildRows;
}
