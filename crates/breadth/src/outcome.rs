//! What a relation returns for a row: a row, an optional row, a list of rows, or a value.

use crate::bridge::Registry;

use super::abstracts::{Abstract, AnyRow, Mixed};
use super::declare::{Object, ObjectType};
use super::leaf::Leaf;
use super::link::{Rows, Slot};

/// What a relation returns for a row.
pub trait Outcome: Send + 'static {
    /// Collects the rows of the child scopes.
    type Below: Gather;

    /// Whether the field may be null.
    const NULLABLE: bool = false;
    /// Whether items of the list may be null.
    const NULLABLE_ITEMS: bool = false;

    fn register(registry: &mut Registry) -> String;
    fn targets() -> Vec<&'static ObjectType>;
    /// Adds its rows to those of the child scopes.
    fn place(self, below: &mut Self::Below) -> Slot;
}

/// Collects the rows of the child scopes.
pub trait Gather: Default {
    /// The rows of each child scope, in the order of the targets.
    fn gathered(self) -> Vec<Box<dyn Rows>>;
}

impl<T: Send + Sync + 'static> Gather for Vec<T> {
    fn gathered(self) -> Vec<Box<dyn Rows>> {
        vec![Box::new(self)]
    }
}

impl Gather for () {
    fn gathered(self) -> Vec<Box<dyn Rows>> {
        Vec::new()
    }
}

/// A row that is never null.
pub struct One<T>(pub T);
/// A value that has to be loaded.
pub struct Asked<T>(pub T);
/// Makes a field nullable: if it fails, the field becomes null and the fields next to it keep their values.
pub struct Nullable<O>(pub O);

impl<O: Outcome> Outcome for Nullable<O> {
    type Below = O::Below;

    const NULLABLE: bool = true;
    const NULLABLE_ITEMS: bool = O::NULLABLE_ITEMS;

    fn register(registry: &mut Registry) -> String {
        let name = O::register(registry);
        name.strip_suffix('!').unwrap_or(&name).to_owned()
    }

    fn targets() -> Vec<&'static ObjectType> {
        O::targets()
    }

    fn place(self, below: &mut Self::Below) -> Slot {
        self.0.place(below)
    }
}

impl<T: Object> Outcome for One<T> {
    type Below = Vec<T>;

    fn register(registry: &mut Registry) -> String {
        format!("{}!", (T::object().register)(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        vec![T::object()]
    }

    fn place(self, below: &mut Vec<T>) -> Slot {
        below.push(self.0);
        Slot::One(0, below.len() - 1)
    }
}

impl<T: Object> Outcome for Option<T> {
    type Below = Vec<T>;

    const NULLABLE: bool = true;

    fn register(registry: &mut Registry) -> String {
        (T::object().register)(registry)
    }

    fn targets() -> Vec<&'static ObjectType> {
        vec![T::object()]
    }

    fn place(self, below: &mut Vec<T>) -> Slot {
        self.map_or(Slot::Null, |row| One(row).place(below))
    }
}

impl<T: Object> Outcome for Vec<T> {
    type Below = Self;

    fn register(registry: &mut Registry) -> String {
        format!("[{}!]!", (T::object().register)(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        vec![T::object()]
    }

    fn place(self, below: &mut Self) -> Slot {
        let first = below.len();
        below.extend(self);
        Slot::Many(first, below.len())
    }
}

/// A list whose items may be null.
impl<T: Object> Outcome for Vec<Option<T>> {
    type Below = Vec<T>;

    const NULLABLE_ITEMS: bool = true;

    fn register(registry: &mut Registry) -> String {
        format!("[{}]!", (T::object().register)(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        vec![T::object()]
    }

    fn place(self, below: &mut Vec<T>) -> Slot {
        Slot::Each(self.into_iter().map(|row| row.place(below)).collect())
    }
}

impl<I: Abstract> Outcome for One<AnyRow<I>> {
    type Below = Mixed<I>;

    fn register(registry: &mut Registry) -> String {
        format!("{}!", I::kind().register(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, below: &mut Mixed<I>) -> Slot {
        below.add(self.0)
    }
}

impl<I: Abstract> Outcome for Vec<AnyRow<I>> {
    type Below = Mixed<I>;

    fn register(registry: &mut Registry) -> String {
        format!("[{}!]!", I::kind().register(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, below: &mut Mixed<I>) -> Slot {
        Slot::Each(self.into_iter().map(|row| below.add(row)).collect())
    }
}

impl<I: Abstract> Outcome for Option<AnyRow<I>> {
    type Below = Mixed<I>;

    const NULLABLE: bool = true;

    fn register(registry: &mut Registry) -> String {
        I::kind().register(registry)
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, below: &mut Mixed<I>) -> Slot {
        self.map_or(Slot::Null, |row| below.add(row))
    }
}

impl<I: Abstract> Outcome for Vec<Option<AnyRow<I>>> {
    type Below = Mixed<I>;

    const NULLABLE_ITEMS: bool = true;

    fn register(registry: &mut Registry) -> String {
        format!("[{}]!", I::kind().register(registry))
    }

    fn targets() -> Vec<&'static ObjectType> {
        I::kind().targets()
    }

    fn place(self, below: &mut Mixed<I>) -> Slot {
        Slot::Each(self.into_iter().map(|row| row.place(below)).collect())
    }
}

impl<T: Leaf + Send + 'static> Outcome for Asked<T> {
    type Below = ();

    const NULLABLE: bool = T::NULLABLE;

    fn register(registry: &mut Registry) -> String {
        T::register(registry)
    }

    fn targets() -> Vec<&'static ObjectType> {
        Vec::new()
    }

    fn place(self, (): &mut ()) -> Slot {
        if let Err(error) = self.0.check() {
            return Slot::Failed(error);
        }
        let mut json = Vec::new();
        self.0.write(&mut json);
        Slot::Json(json)
    }
}
