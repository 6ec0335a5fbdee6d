//! Batched loading by key outside the engine, for example of the record that a repeated mutation created.
//!
//! The [engine](breadth) knows all keys of a level in advance. Other code loads one key at a time, possibly from
//! several futures: a loader collects the keys that are requested at the same moment, and loads them with one
//! [`Loader`]. It caches what it has loaded, so it is created for one purpose and not shared between mutations.

use std::collections::HashMap;

use breadth::Loader;
use dataloader::BatchFn;
use dataloader::cached;

use crate::error::{Error, Result};
use crate::graphql::context::DataSource;

type LoadResult<L> = Result<Option<<L as Loader>::Value>>;

/// Collects keys, and loads them in one batch.
pub struct DataLoader<L: Loader<Source = DataSource, Error = Error>>(cached::Loader<L::Key, LoadResult<L>, Batch<L>>);

struct Batch<L> {
    reader: DataSource,
    loader: std::marker::PhantomData<fn() -> L>,
}

impl<L: Loader<Source = DataSource, Error = Error>> BatchFn<L::Key, LoadResult<L>> for Batch<L> {
    async fn load(&mut self, keys: &[L::Key]) -> HashMap<L::Key, LoadResult<L>> {
        match L::load(&self.reader, keys).await {
            Ok(mut answers) => keys.iter().map(|key| (key.clone(), Ok(answers.remove(key)))).collect(),
            Err(error) => keys.iter().map(|key| (key.clone(), Err(error.clone()))).collect(),
        }
    }
}

impl<L: Loader<Source = DataSource, Error = Error>> DataLoader<L> {
    pub fn new(reader: &DataSource) -> Self {
        let batch = Batch { reader: reader.clone(), loader: std::marker::PhantomData };
        // One statement takes any number of keys.
        Self(cached::Loader::new(batch).with_max_batch_size(usize::MAX))
    }

    /// Loads the value of one key; `None` if there is none.
    ///
    /// # Errors
    /// The error of the batch.
    pub async fn load(&self, key: L::Key) -> Result<Option<L::Value>> {
        match self.0.try_load(key.clone()).await {
            Ok(outcome) => outcome,
            // The future that was loading the batch was dropped, and the key is no longer queued, so load it again.
            Err(_) => self.0.try_load(key).await.map_err(Error::internal)?,
        }
    }
}
