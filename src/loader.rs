//! Batched loading by key outside the engine, for example of the record that a repeated mutation created.
//!
//! The [engine](crate::engine) knows all keys of a level in advance. Other code loads one key at a time, possibly from
//! several futures: a loader collects the keys that are requested at the same moment, and loads them with one
//! [`Question`]. It caches what it has loaded, so it is created for one purpose and not shared between mutations.

use std::collections::HashMap;

use dataloader::BatchFn;
use dataloader::cached;

use crate::context::Reader;
use crate::engine::Question;
use crate::error::{Error, Result};

type Outcome<Q> = Result<Option<<Q as Question>::Answer>>;

/// Collects keys, and loads them in one batch.
pub struct Loader<Q: Question<Source = Reader, Error = Error>>(cached::Loader<Q::Key, Outcome<Q>, Batch<Q>>);

struct Batch<Q> {
    reader: Reader,
    question: std::marker::PhantomData<fn() -> Q>,
}

impl<Q: Question<Source = Reader, Error = Error>> BatchFn<Q::Key, Outcome<Q>> for Batch<Q> {
    async fn load(&mut self, keys: &[Q::Key]) -> HashMap<Q::Key, Outcome<Q>> {
        match Q::ask(&self.reader, keys).await {
            Ok(mut answers) => keys.iter().map(|key| (key.clone(), Ok(answers.remove(key)))).collect(),
            Err(error) => keys.iter().map(|key| (key.clone(), Err(error.clone()))).collect(),
        }
    }
}

impl<Q: Question<Source = Reader, Error = Error>> Loader<Q> {
    pub fn new(reader: &Reader) -> Self {
        let batch = Batch { reader: reader.clone(), question: std::marker::PhantomData };
        // One statement takes any number of keys.
        Self(cached::Loader::new(batch).with_max_batch_size(usize::MAX))
    }

    /// Loads the value of one key; `None` if there is none.
    ///
    /// # Errors
    /// The error of the batch.
    pub async fn load(&self, key: Q::Key) -> Result<Option<Q::Answer>> {
        match self.0.try_load(key.clone()).await {
            Ok(outcome) => outcome,
            // The future that was loading the batch was dropped, and the key is no longer queued, so load it again.
            Err(_) => self.0.try_load(key).await.map_err(Error::internal)?,
        }
    }
}
