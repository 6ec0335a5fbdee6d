//! Rows with their types erased, and how the rows of one node lead to those of others.

use std::any::Any;

use crate::error::Error;

/// A row with its type erased.
pub type ErasedRow = dyn Any + Send + Sync;

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

/// Collects the rows of the child nodes.
pub trait ChildRowsBuilder: Default {
    /// The rows of each child node, in the order of the targets.
    fn build(self) -> Vec<Box<dyn RowList>>;
}

impl<T: Send + Sync + 'static> ChildRowsBuilder for Vec<T> {
    fn build(self) -> Vec<Box<dyn RowList>> {
        vec![Box::new(self)]
    }
}

impl ChildRowsBuilder for () {
    fn build(self) -> Vec<Box<dyn RowList>> {
        Vec::new()
    }
}
