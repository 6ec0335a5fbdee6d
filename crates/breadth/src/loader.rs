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
/// use breadth::{Error, Loader};
/// use hashbrown::HashMap;
///
/// /// Names by number: loaded once for all objects of a level.
/// struct NameByNumber;
///
/// impl Loader for NameByNumber {
///     type Key = u32;
///     type Value = String;
///     type Source = Arc<BTreeMap<u32, String>>;
///     type Error = Error;
///
///     async fn load(names: &Self::Source, keys: &[u32]) -> Result<HashMap<u32, String>, Error> {
///         Ok(keys.iter().filter_map(|key| Some((*key, names.get(key)?.clone()))).collect())
///     }
/// }
/// ```
pub trait Loader: Send + Sync + 'static {
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    type Value: Clone + Send + Sync + 'static;
    /// The data source, taken from the data of the operation.
    type Source: Clone + Send + Sync + 'static;

    /// The error of the source.
    type Error: Into<Error> + Send;

    /// Loads the value of each key; keys without one are missing in the map.
    fn load(
        source: &Self::Source,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>, Self::Error>> + Send;

    /// Like [`load`](Self::load), but may also pass on rows of other loaders that came along, which are then not loaded
    /// again. The engine calls this method.
    fn load_and_prefetch(
        source: &Self::Source,
        keys: &[Self::Key],
        _prefetched: &mut Prefetched,
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>, Self::Error>> + Send {
        Self::load(source, keys)
    }
}

/// Values of other loaders that came along with a load.
#[derive(Default)]
pub struct Prefetched(Vec<Box<Seed>>);

type Seed = dyn FnOnce(&mut LoadState, Option<&FaultInjector>) + Send;

impl Prefetched {
    /// Adds the value of a key of the loader `L`; ignored if that key was requested already.
    pub fn seed<L: Loader>(&mut self, key: L::Key, value: L::Value) {
        self.0.push(Box::new(move |state, injector| {
            let fault = injector.and_then(|injector| injector.of::<L>(&key));
            state.queue::<L>().know(key, fault.map_or(Ok(Some(value)), Err));
        }));
    }
}

/// Injects faults in tests. If the [`Data`](crate::Data) of an operation contains one, the function decides by loader
/// name and key (in `Debug` format) which loads fail.
pub struct FaultInjector(pub Box<Fails>);

type Fails = dyn Fn(&str, &str) -> bool + Send + Sync;

impl FaultInjector {
    fn of<L: Loader>(&self, key: &L::Key) -> Option<Error> {
        let path = std::any::type_name::<L>();
        let loader = path.rsplit("::").next().unwrap_or(path);
        let key = format!("{key:?}");
        (self.0)(loader, &key).then(|| Error::new(format!("{loader} {key} fails on purpose.")))
    }
}

type LoadResult<A> = Result<Option<A>>;

/// The state of all loaders of an operation: keys that wait to be loaded, and the values so far.
///
/// It lives only as long as the operation, so its contents are never stale and never another viewer's.
#[derive(Default)]
pub struct LoadState(Vec<(TypeId, Box<dyn Waiting>)>);

/// The requested keys of one loader and their values.
pub struct LoaderQueue<L: Loader> {
    /// The index of each key's value in `results`, assigned before the value is loaded.
    indexes: HashMap<L::Key, usize>,
    results: Vec<LoadResult<L::Value>>,
    /// Keys for the next wave, in the order of their indices.
    waiting: Vec<L::Key>,
}

trait Waiting: Send {
    fn is_waiting(&self) -> bool;
    /// Loads the waiting keys; returns the values of other loaders that came along.
    fn load<'a>(&'a mut self, ctx: super::Context<'a>) -> Pin<Box<dyn Future<Output = Prefetched> + Send + 'a>>;
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<L: Loader> Waiting for LoaderQueue<L> {
    fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn load<'a>(&'a mut self, ctx: super::Context<'a>) -> Pin<Box<dyn Future<Output = Prefetched> + Send + 'a>> {
        let source: &L::Source = ctx.data();
        let injector: Option<&FaultInjector> = ctx.data_opt();
        let keys = std::mem::take(&mut self.waiting);
        Box::pin(async move {
            let mut prefetched = Prefetched::default();
            let mut results = L::load_and_prefetch(source, &keys, &mut prefetched).await.map_err(Into::into);
            self.results.extend(keys.iter().map(|key| {
                match (injector.and_then(|injector| injector.of::<L>(key)), &mut results) {
                    (Some(fault), _) => Err(fault),
                    (None, Ok(results)) => Ok(results.remove(key)),
                    (None, Err(error)) => Err(error.clone()),
                }
            }));
            prefetched
        })
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl<L: Loader> LoaderQueue<L> {
    /// Requests a key for the next wave, unless it was requested before, and returns the index of its value.
    pub fn request(&mut self, key: &L::Key) -> usize {
        if let Some(index) = self.indexes.get(key) {
            return *index;
        }
        let index = self.results.len() + self.waiting.len();
        self.indexes.insert(key.clone(), index);
        self.waiting.push(key.clone());
        index
    }

    /// Stores a value that came along with another load. Only effective between two waves, when no key is waiting.
    fn know(&mut self, key: L::Key, value: LoadResult<L::Value>) {
        if self.waiting.is_empty() && !self.indexes.contains_key(&key) {
            self.indexes.insert(key, self.results.len());
            self.results.push(value);
        }
    }

    /// # Errors
    /// The error of the load.
    pub fn result(&self, index: usize) -> LoadResult<L::Value> {
        self.results.get(index).cloned().unwrap_or(Ok(None))
    }
}

impl LoadState {
    pub fn queue<L: Loader>(&mut self) -> &mut LoaderQueue<L> {
        let id = TypeId::of::<L>();
        // There are few loaders, so a linear search is faster than hashing.
        let index = self.0.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            let nothing = LoaderQueue::<L> { indexes: HashMap::new(), results: Vec::new(), waiting: Vec::new() };
            self.0.push((id, Box::new(nothing)));
            self.0.len() - 1
        });
        let queue = self.0[index].1.as_any().downcast_mut();
        queue.unwrap_or_else(|| unreachable!("loaders are stored by their types"))
    }

    /// Loads the waiting keys of all loaders concurrently.
    pub async fn run_wave(&mut self, ctx: super::Context<'_>) {
        let waiting = self.0.iter_mut().map(|(_, queue)| queue).filter(|queue| queue.is_waiting());
        let prefetched = join_all(waiting.map(|queue| queue.load(ctx))).await;
        for seed in prefetched.into_iter().flat_map(|prefetched| prefetched.0) {
            seed(self, ctx.data_opt());
        }
    }
}
