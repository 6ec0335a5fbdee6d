//! Interfaces and unions: rows that may be of several object types.

use std::marker::PhantomData;

use super::declare::{Object, ObjectType};
use crate::rows::{ChildRowsBuilder, ErasedRow, FieldValue, RowList};

/// A type that stands for an interface or a union of the schema. Its rows are [`AnyRow`]s of it.
///
/// A field returns one row, as [`NonNull`](crate::NonNull) or an `Option`, or a list of rows or of `Option`s.
pub trait Abstract: 'static {
    fn kind() -> &'static AbstractType;
}

/// An interface or a union of the schema, with its possible object types.
pub struct AbstractType {
    pub name: &'static str,
    pub description: &'static str,
    /// The fields of an interface, by name, type and description; a union has none.
    pub fields: &'static [(&'static str, &'static str, &'static str)],
    pub objects: &'static [fn() -> &'static ObjectType],
}

impl AbstractType {
    /// The possible object types.
    pub fn targets(&self) -> Vec<&'static ObjectType> {
        self.objects.iter().map(|object| object()).collect()
    }
}

/// A row of one of the object types of an interface or a union.
pub struct AnyRow<I> {
    object: &'static ObjectType,
    row: Box<ErasedRow>,
    of: PhantomData<fn() -> I>,
}

impl<I: Abstract> AnyRow<I> {
    pub fn new<T: Object>(row: T) -> Self {
        Self { object: T::object(), row: Box::new(row), of: PhantomData }
    }
}

/// The rows of one field, grouped by object type.
pub struct Mixed<I> {
    /// One entry per object type, in the order of [`AbstractType::targets`].
    rows: Vec<Boxed>,
    of: PhantomData<fn() -> I>,
}

#[derive(Default)]
struct Boxed(Vec<Box<ErasedRow>>);

impl RowList for Boxed {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> &ErasedRow {
        self.0[index].as_ref()
    }
}

impl<I: Abstract> Default for Mixed<I> {
    fn default() -> Self {
        Self { rows: I::kind().objects.iter().map(|_| Boxed::default()).collect(), of: PhantomData }
    }
}

impl<I: Abstract> Mixed<I> {
    pub fn add(&mut self, row: AnyRow<I>) -> FieldValue {
        let kind = I::kind();
        let Some(target) = kind.objects.iter().position(|object| std::ptr::eq(object(), row.object)) else {
            unreachable!("{} is not among the types of {}", row.object.name, kind.name)
        };
        let rows = &mut self.rows[target].0;
        rows.push(row.row);
        FieldValue::Object(target, rows.len() - 1)
    }
}

impl<I: Abstract> ChildRowsBuilder for Mixed<I> {
    fn build(self) -> Vec<Box<dyn RowList>> {
        self.rows.into_iter().map(|rows| Box::new(rows) as Box<dyn RowList>).collect()
    }
}
