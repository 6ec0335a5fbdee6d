//! Data that an operation carries along.

use std::any::{Any, TypeId};

use hashbrown::HashMap;

/// Values of an operation, one of each type: its database, its viewer, whatever its fields and questions need.
#[derive(Default)]
pub struct Data(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Data {
    /// Adds a value, in the place of another one of its type.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// The same, for chains.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.insert(value);
        self
    }

    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

/// How links and questions reach what the operation carries along.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    data: &'a Data,
}

impl<'a> Context<'a> {
    pub fn new(data: &'a Data) -> Self {
        Self { data }
    }

    /// A value that whoever runs operations gives to each of them.
    ///
    /// # Panics
    /// The operation was begun without a value of the type.
    pub fn data<T: 'static>(self) -> &'a T {
        let name = std::any::type_name::<T>();
        self.data_opt().unwrap_or_else(|| unreachable!("an operation is begun with its {name}"))
    }

    pub fn data_opt<T: 'static>(self) -> Option<&'a T> {
        self.data.get()
    }
}
