//! Data that an operation carries along.

use std::any::{Any, TypeId};

use hashbrown::HashMap;

/// Values of an operation, one per type: its database, its viewer and whatever else its fields and loaders need.
#[derive(Default)]
pub struct Data(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Data {
    /// Adds a value and replaces an earlier one of the same type.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// Like [`insert`](Self::insert), for chained calls.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.insert(value);
        self
    }

    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

/// Gives relations and loaders access to the [`Data`] of the operation.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    data: &'a Data,
}

impl<'a> Context<'a> {
    pub fn new(data: &'a Data) -> Self {
        Self { data }
    }

    /// Returns a value of the operation's [`Data`].
    ///
    /// # Panics
    /// The operation has no value of the type.
    pub fn data<T: 'static>(self) -> &'a T {
        let name = std::any::type_name::<T>();
        self.data_opt().unwrap_or_else(|| unreachable!("an operation is begun with its {name}"))
    }

    pub fn data_opt<T: 'static>(self) -> Option<&'a T> {
        self.data.get()
    }
}
