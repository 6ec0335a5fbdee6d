//! Loaders, which fetch rows for many keys at once, and the results of an operation so far.

use std::any::{Any, TypeId};
use std::fmt::Debug;
use std::hash::Hash;
use std::pin::Pin;

use futures_util::future::join_all;
use hashbrown::HashMap;

use crate::error::{Error, Result};

/// A loader: fetches the values of many keys at once.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
///
/// use breadth::{Error, Question};
/// use hashbrown::HashMap;
///
/// /// Names by number: asked once for all objects of a level.
/// struct NameByNumber;
///
/// impl Question for NameByNumber {
///     type Key = u32;
///     type Answer = String;
///     type Source = Arc<BTreeMap<u32, String>>;
///     type Error = Error;
///
///     async fn ask(names: &Self::Source, keys: &[u32]) -> Result<HashMap<u32, String>, Error> {
///         Ok(keys.iter().filter_map(|key| Some((*key, names.get(key)?.clone()))).collect())
///     }
/// }
/// ```
pub trait Question: Send + Sync + 'static {
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    type Answer: Clone + Send + Sync + 'static;
    /// The data source, taken from the data of the operation.
    type Source: Clone + Send + Sync + 'static;

    /// The error of the source.
    type Error: Into<Error> + Send;

    /// Loads the value of each key; keys without one are missing in the map.
    fn ask(
        source: &Self::Source,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Answer>, Self::Error>> + Send;

    /// Like [`ask`](Self::ask), but may also pass on rows of other loaders that came along, which are then not loaded
    /// again. The engine calls this method.
    fn ask_and_seed(
        source: &Self::Source,
        keys: &[Self::Key],
        _seeds: &mut Seeds,
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Answer>, Self::Error>> + Send {
        Self::ask(source, keys)
    }
}

/// Values of other loaders that came along with a load.
#[derive(Default)]
pub struct Seeds(Vec<Box<Seed>>);

type Seed = dyn FnOnce(&mut Store, Option<&Faults>) + Send;

impl Seeds {
    /// Adds the value of a key of the loader `Q`; ignored if that key was requested already.
    pub fn seed<Q: Question>(&mut self, key: Q::Key, answer: Q::Answer) {
        self.0.push(Box::new(move |store, faults| {
            let fault = faults.and_then(|faults| faults.of::<Q>(&key));
            store.asked::<Q>().know(key, fault.map_or(Ok(Some(answer)), Err));
        }));
    }
}

/// Injects faults in tests. If the [`Data`](crate::Data) of an operation contains one, the function decides by loader
/// name and key (in `Debug` format) which loads fail.
pub struct Faults(pub Box<Fails>);

type Fails = dyn Fn(&str, &str) -> bool + Send + Sync;

impl Faults {
    fn of<Q: Question>(&self, key: &Q::Key) -> Option<Error> {
        let path = std::any::type_name::<Q>();
        let question = path.rsplit("::").next().unwrap_or(path);
        let key = format!("{key:?}");
        (self.0)(question, &key).then(|| Error::new(format!("{question} {key} fails on purpose.")))
    }
}

type Outcome<A> = Result<Option<A>>;

/// The state of all loaders of an operation: keys that wait to be loaded, and the values so far.
///
/// It lives only as long as the operation, so its contents are never stale and never another viewer's.
#[derive(Default)]
pub struct Store(Vec<(TypeId, Box<dyn Waiting>)>);

/// The requested keys of one loader and their values.
pub struct Asked<Q: Question> {
    /// The index of each key's value in `answers`, assigned before the value is loaded.
    places: HashMap<Q::Key, usize>,
    answers: Vec<Outcome<Q::Answer>>,
    /// Keys for the next wave, in the order of their indices.
    waiting: Vec<Q::Key>,
}

trait Waiting: Send {
    fn is_waiting(&self) -> bool;
    /// Loads the waiting keys; returns the values of other loaders that came along.
    fn ask<'a>(&'a mut self, ctx: super::Context<'a>) -> Pin<Box<dyn Future<Output = Seeds> + Send + 'a>>;
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<Q: Question> Waiting for Asked<Q> {
    fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn ask<'a>(&'a mut self, ctx: super::Context<'a>) -> Pin<Box<dyn Future<Output = Seeds> + Send + 'a>> {
        let source: &Q::Source = ctx.data();
        let faults: Option<&Faults> = ctx.data_opt();
        let keys = std::mem::take(&mut self.waiting);
        Box::pin(async move {
            let mut seeds = Seeds::default();
            let mut answers = Q::ask_and_seed(source, &keys, &mut seeds).await.map_err(Into::into);
            self.answers.extend(keys.iter().map(|key| {
                match (faults.and_then(|faults| faults.of::<Q>(key)), &mut answers) {
                    (Some(fault), _) => Err(fault),
                    (None, Ok(answers)) => Ok(answers.remove(key)),
                    (None, Err(error)) => Err(error.clone()),
                }
            }));
            seeds
        })
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl<Q: Question> Asked<Q> {
    /// Requests a key for the next wave, unless it was requested before, and returns the index of its value.
    pub fn want(&mut self, key: &Q::Key) -> usize {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let place = self.answers.len() + self.waiting.len();
        self.places.insert(key.clone(), place);
        self.waiting.push(key.clone());
        place
    }

    /// Stores a value that came along with another load. Only effective between two waves, when no key is waiting.
    fn know(&mut self, key: Q::Key, answer: Outcome<Q::Answer>) {
        if self.waiting.is_empty() && !self.places.contains_key(&key) {
            self.places.insert(key, self.answers.len());
            self.answers.push(answer);
        }
    }

    /// # Errors
    /// The error of the load.
    pub fn answer(&self, place: usize) -> Outcome<Q::Answer> {
        self.answers.get(place).cloned().unwrap_or(Ok(None))
    }
}

impl Store {
    pub fn asked<Q: Question>(&mut self) -> &mut Asked<Q> {
        let id = TypeId::of::<Q>();
        // There are few loaders, so a linear search is faster than hashing.
        let place = self.0.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            let nothing = Asked::<Q> { places: HashMap::new(), answers: Vec::new(), waiting: Vec::new() };
            self.0.push((id, Box::new(nothing)));
            self.0.len() - 1
        });
        let asked = self.0[place].1.as_any().downcast_mut();
        asked.unwrap_or_else(|| unreachable!("questions are kept under their types"))
    }

    /// Loads the waiting keys of all loaders concurrently.
    pub async fn round(&mut self, ctx: super::Context<'_>) {
        let waiting = self.0.iter_mut().map(|(_, asked)| asked).filter(|asked| asked.is_waiting());
        let seeds = join_all(waiting.map(|asked| asked.ask(ctx))).await;
        for seed in seeds.into_iter().flat_map(|seeds| seeds.0) {
            seed(self, ctx.data_opt());
        }
    }
}
