//! Loading the records that root fields name.
//!
//! `a: note(id: 1) b: note(id: 2)` are two fields, which the library resolves at the same time, each by itself. A loader
//! gathers the keys that are asked for in the same moment and puts one [`Question`] for all of them. (Below the root
//! fields the [engine](crate::engine) knows all keys of a level beforehand.) Loaders live as long as one operation.

use std::collections::HashMap;

use dataloader::BatchFn;
use dataloader::cached;

use crate::context::Reader;
use crate::engine::Question;
use crate::error::{Error, Result};

type Outcome<Q> = Result<Option<<Q as Question>::Answer>>;

/// Gathers keys and puts one question for them.
pub struct Loader<Q: Question<Source = Reader>>(cached::Loader<Q::Key, Outcome<Q>, Batch<Q>>);

struct Batch<Q> {
    reader: Reader,
    question: std::marker::PhantomData<fn() -> Q>,
}

impl<Q: Question<Source = Reader>> BatchFn<Q::Key, Outcome<Q>> for Batch<Q> {
    async fn load(&mut self, keys: &[Q::Key]) -> HashMap<Q::Key, Outcome<Q>> {
        match Q::ask(&self.reader, keys).await {
            Ok(mut answers) => keys.iter().map(|key| (key.clone(), Ok(answers.remove(key)))).collect(),
            Err(error) => keys.iter().map(|key| (key.clone(), Err(error.clone()))).collect(),
        }
    }
}

impl<Q: Question<Source = Reader>> Loader<Q> {
    pub fn new(reader: &Reader) -> Self {
        let batch = Batch { reader: reader.clone(), question: std::marker::PhantomData };
        // However many root fields the cost of an operation leaves room for: one statement takes them all.
        Self(cached::Loader::new(batch).with_max_batch_size(usize::MAX))
    }

    /// The answer for one key, if there is one.
    ///
    /// # Errors
    /// What the question failed with.
    pub async fn load(&self, key: Q::Key) -> Result<Option<Q::Answer>> {
        match self.0.try_load(key.clone()).await {
            Ok(outcome) => outcome,
            // Whoever was asking for all of us was dropped half way, as a part of the answer that became null; the
            // key is no longer waiting anywhere, so ask again.
            Err(_) => self.0.try_load(key).await.map_err(Error::internal)?,
        }
    }
}
