//! Return types of relations for a row: a row, an optional row, a list of rows, or a value.

use crate::bridge::Registry;

use super::abstracts::{Abstract, AnyRow, Mixed};
use super::declare::{Object, ObjectType};
use super::leaf::LeafValue;
use crate::error::Result;
use crate::rows::{ChildRowsBuilder, FieldValue};

/// The return type of a relation for a row.
pub trait FieldOutput: Send + 'static {
    /// Collects the rows of the child nodes.
    type Builder: ChildRowsBuilder;

    /// Whether the field may be null.
    const NULLABLE: bool = false;
    /// Whether items of the list may be null.
    const NULLABLE_ITEMS: bool = false;

    fn register(registry: &mut Registry) -> String;
    fn targets() -> Vec<&'static ObjectType>;
    /// Adds its rows to those of the child nodes.
    fn place(self, builder: &mut Self::Builder) -> FieldValue;
}

/// A row that is never null.
pub struct NonNull<T>(pub T);
/// A value that has to be loaded.
pub struct LoadedScalar<T>(pub T);
/// Makes a field nullable: if it fails, the field becomes null and the fields next to it keep their values.
pub struct Nullable<O>(pub O);

impl<O: FieldOutput> FieldOutput for Nullable<O> {
    type Builder = O::Builder;

    const NULLABLE: bool = true;
    const NULLABLE_ITEMS: bool = O::NULLABLE_ITEMS;

    fn register(registry: &mut Registry) -> String {
        let name = O::register(registry);
        name.strip_suffix('!').unwrap_or(&name).to_owned()
    }

    fn targets() -> Vec<&'static ObjectType> {
        O::targets()
    }

    fn place(self, builder: &mut Self::Builder) -> FieldValue {
        self.0.place(builder)
    }
}

impl<T: Object> FieldOutput for NonNull<T> {
    type Builder = Vec<T>;

    fn register(registry: &mut Registry) -> String {
        format!("{}!", (T::object().register)(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        vec![T::object()]
    }

    fn place(self, builder: &mut Vec<T>) -> FieldValue {
        builder.push(self.0);
        FieldValue::Object(0, builder.len() - 1)
    }
}

impl<T: Object> FieldOutput for Option<T> {
    type Builder = Vec<T>;

    const NULLABLE: bool = true;

    fn register(registry: &mut Registry) -> String {
        (T::object().register)(registry)
    }

    fn targets() -> Vec<&'static ObjectType> {
        vec![T::object()]
    }

    fn place(self, builder: &mut Vec<T>) -> FieldValue {
        self.map_or(FieldValue::Null, |row| NonNull(row).place(builder))
    }
}

impl<T: Object> FieldOutput for Vec<T> {
    type Builder = Self;

    fn register(registry: &mut Registry) -> String {
        format!("[{}!]!", (T::object().register)(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        vec![T::object()]
    }

    fn place(self, builder: &mut Self) -> FieldValue {
        let first = builder.len();
        builder.extend(self);
        FieldValue::Many(first, builder.len())
    }
}

/// A list whose items may be null.
impl<T: Object> FieldOutput for Vec<Option<T>> {
    type Builder = Vec<T>;

    const NULLABLE_ITEMS: bool = true;

    fn register(registry: &mut Registry) -> String {
        format!("[{}]!", (T::object().register)(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        vec![T::object()]
    }

    fn place(self, builder: &mut Vec<T>) -> FieldValue {
        FieldValue::Each(self.into_iter().map(|row| row.place(builder)).collect())
    }
}

impl<I: Abstract> FieldOutput for NonNull<AnyRow<I>> {
    type Builder = Mixed<I>;

    fn register(registry: &mut Registry) -> String {
        format!("{}!", I::kind().register(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, builder: &mut Mixed<I>) -> FieldValue {
        builder.add(self.0)
    }
}

impl<I: Abstract> FieldOutput for Vec<AnyRow<I>> {
    type Builder = Mixed<I>;

    fn register(registry: &mut Registry) -> String {
        format!("[{}!]!", I::kind().register(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, builder: &mut Mixed<I>) -> FieldValue {
        FieldValue::Each(self.into_iter().map(|row| builder.add(row)).collect())
    }
}

impl<I: Abstract> FieldOutput for Option<AnyRow<I>> {
    type Builder = Mixed<I>;

    const NULLABLE: bool = true;

    fn register(registry: &mut Registry) -> String {
        I::kind().register(registry)
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, builder: &mut Mixed<I>) -> FieldValue {
        self.map_or(FieldValue::Null, |row| builder.add(row))
    }
}

impl<I: Abstract> FieldOutput for Vec<Option<AnyRow<I>>> {
    type Builder = Mixed<I>;

    const NULLABLE_ITEMS: bool = true;

    fn register(registry: &mut Registry) -> String {
        format!("[{}]!", I::kind().register(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, builder: &mut Mixed<I>) -> FieldValue {
        FieldValue::Each(self.into_iter().map(|row| row.place(builder)).collect())
    }
}

/// A list whose items fail by themselves: each error belongs to its position, and the other items keep their values.
impl<I: Abstract> FieldOutput for Vec<Result<Option<AnyRow<I>>>> {
    type Builder = Mixed<I>;

    const NULLABLE_ITEMS: bool = true;

    fn register(registry: &mut Registry) -> String {
        Vec::<Option<AnyRow<I>>>::register(registry)
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, builder: &mut Mixed<I>) -> FieldValue {
        let place = |item: Result<Option<AnyRow<I>>>| match item {
            Ok(row) => row.place(builder),
            Err(error) => FieldValue::Failed(error),
        };
        FieldValue::Each(self.into_iter().map(place).collect())
    }
}

impl<T: LeafValue + Send + 'static> FieldOutput for LoadedScalar<T> {
    type Builder = ();

    const NULLABLE: bool = T::NULLABLE;

    fn register(registry: &mut Registry) -> String {
        T::register(registry)
    }

    fn targets() -> Vec<&'static ObjectType> {
        Vec::new()
    }

    fn place(self, (): &mut ()) -> FieldValue {
        if let Err(error) = self.0.check() {
            return FieldValue::Failed(error);
        }
        let mut json = Vec::new();
        self.0.write(&mut json);
        FieldValue::Json(json)
    }
}
