//! Loading what belongs to many records at once.
//!
//! Resolvers ask for one key each; a loader gathers the keys that are asked for in the same moment and puts one
//! [`Question`] to the database for all of them. Each relation has a loader of its own, so that how many statements
//! an operation runs depends on its shape alone, never on how many records there are or which of them are alike.
//! Loaders live as long as one operation: what they keep is never stale and never another viewer's.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use dataloader::BatchFn;
use dataloader::cached;

use crate::db::Db;
use crate::entity::Sight;
use crate::error::{Error, Result};

/// A question to the database about many keys at once.
pub trait Question: Send + Sync + 'static {
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    type Answer: Clone + Send + Sync + 'static;

    /// What there is for each key; a key without an answer is left out.
    fn ask(
        db: &Db,
        sight: Sight,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Answer>>> + Send;
}

type Outcome<Q> = Result<Option<<Q as Question>::Answer>>;

/// Gathers keys and puts one question for them.
pub struct Loader<Q: Question>(cached::Loader<Q::Key, Outcome<Q>, Batch<Q>>);

struct Batch<Q> {
    db: Db,
    sight: Sight,
    question: std::marker::PhantomData<fn() -> Q>,
}

impl<Q: Question> BatchFn<Q::Key, Outcome<Q>> for Batch<Q> {
    async fn load(&mut self, keys: &[Q::Key]) -> HashMap<Q::Key, Outcome<Q>> {
        match Q::ask(&self.db, self.sight, keys).await {
            Ok(mut answers) => keys.iter().map(|key| (key.clone(), Ok(answers.remove(key)))).collect(),
            Err(error) => keys.iter().map(|key| (key.clone(), Err(error.clone()))).collect(),
        }
    }
}

impl<Q: Question> Loader<Q> {
    pub fn new(db: &Db, sight: Sight) -> Self {
        let batch = Batch { db: db.clone(), sight, question: std::marker::PhantomData };
        // A page holds at most 100 notes, each with any number of assignees: one statement takes them all.
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
