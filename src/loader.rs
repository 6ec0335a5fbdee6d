//! Loading by key outside the engine, such as what a repeated change has made.
//!
//! The [engine](crate::engine) knows all keys of a level beforehand. Other code asks for one at a time, perhaps from several
//! futures: a loader gathers the keys that are asked for in the same moment and puts one [`Question`] for all of them. What
//! it has loaded it keeps: it is made for one purpose, and not shared by changes.

use std::collections::HashMap;

use dataloader::BatchFn;
use dataloader::cached;

use crate::context::Reader;
use crate::engine::Question;
use crate::error::{Error, Result};

type Outcome<Q> = Result<Option<<Q as Question>::Answer>>;

/// Gathers keys and puts one question for them.
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
        // One statement takes however many there are.
        Self(cached::Loader::new(batch).with_max_batch_size(usize::MAX))
    }

    /// The answer for one key, if there is one.
    ///
    /// # Errors
    /// What the question failed with.
    pub async fn load(&self, key: Q::Key) -> Result<Option<Q::Answer>> {
        match self.0.try_load(key.clone()).await {
            Ok(outcome) => outcome,
            // Whoever was asking for all of us was dropped half way; the key is no longer waiting anywhere, so ask again.
            Err(_) => self.0.try_load(key).await.map_err(Error::internal)?,
        }
    }
}
