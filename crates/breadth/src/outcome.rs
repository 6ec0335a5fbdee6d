//! Results of links for a row: a row, perhaps one, many, or a value.

use crate::bridge::Registry;

use super::abstracts::{Abstract, AnyRow, Mixed};
use super::declare::{Object, ObjectType};
use super::leaf::Leaf;
use super::link::{Rows, Slot};

/// The result of a link for a row.
pub trait Outcome: Send + 'static {
    /// The rows of the scopes below, while they are gathered.
    type Below: Gather;

    /// Whether null may stand in its place.
    const NULLABLE: bool = false;
    /// Whether null may stand in the place of an item.
    const NULLABLE_ITEMS: bool = false;

    fn register(registry: &mut Registry) -> String;
    fn targets() -> Vec<&'static ObjectType>;
    /// Adds its rows to those of the scopes below.
    fn place(self, below: &mut Self::Below) -> Slot;
}

/// Rows of the scopes below, while they are gathered.
pub trait Gather: Default {
    /// The rows of each scope, in the order of the targets.
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

/// A row that is always there.
pub struct One<T>(pub T);
/// A value that has to be asked for.
pub struct Asked<T>(pub T);
/// A result that may be null: a failure leaves null in its place and the fields beside it as they are.
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

/// A list in which single rows may be missing.
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
