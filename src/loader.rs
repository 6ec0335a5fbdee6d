//! Loading what belongs to many records at once.
//!
//! Resolvers ask for one key each; a loader gathers the keys that are asked for in the same moment and puts one
//! [`Question`] to the database for all of them. Each relation has a loader of its own, so that how many statements
//! an operation runs depends on its shape alone, never on how many records there are or which of them are alike.
//! Loaders live as long as one operation: what they keep is never stale and never another viewer's.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use tokio::sync::OnceCell;
use tokio::task::unconstrained;

use crate::db::Db;
use crate::entity::Sight;
use crate::error::Result;

/// How many turns of the operation in a row have to pass without a new key, before the question is put. All that can
/// go on in a turn does, but a resolver may need several to come to its next relation, more so where there are many.
const QUIET_TURNS: usize = 10;

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

/// Gathers keys and puts one question for them.
pub struct Loader<Q: Question> {
    db: Db,
    sight: Sight,
    asked: Mutex<Asked<Q>>,
}

struct Asked<Q: Question> {
    newest: Option<Arc<Batch<Q>>>,
    by_key: HashMap<Q::Key, Arc<Batch<Q>>>,
}

/// Keys that are asked for together.
struct Batch<Q: Question> {
    keys: Mutex<Keys<Q::Key>>,
    /// Found by one of those who wait. When it is dropped half way, as a part of the answer that became null, another
    /// one goes on.
    answers: OnceCell<Result<HashMap<Q::Key, Q::Answer>>>,
}

/// Grows until the question is put.
struct Keys<K> {
    all: Vec<K>,
    closed: bool,
}

impl<Q: Question> Loader<Q> {
    pub fn new(db: &Db, sight: Sight) -> Self {
        Self { db: db.clone(), sight, asked: Mutex::new(Asked { newest: None, by_key: HashMap::new() }) }
    }

    /// The answer for one key, if there is one.
    ///
    /// # Errors
    /// What the question failed with.
    pub async fn load(&self, key: Q::Key) -> Result<Option<Q::Answer>> {
        let batch = self.batch_of(&key);
        let answers = batch.answers.get_or_init(|| batch.ask(&self.db, self.sight));
        // All who wait go on in the same turn: the runtime's budget would let them through by the hundred.
        match unconstrained(answers).await {
            Ok(answers) => Ok(answers.get(&key).cloned()),
            Err(error) => Err(error.clone()),
        }
    }

    fn batch_of(&self, key: &Q::Key) -> Arc<Batch<Q>> {
        let mut asked = lock(&self.asked);
        if let Some(batch) = asked.by_key.get(key) {
            return Arc::clone(batch);
        }
        let batch = asked.newest.take().filter(|batch| batch.join(key)).unwrap_or_else(|| Arc::new(Batch::new(key)));
        asked.newest = Some(Arc::clone(&batch));
        asked.by_key.insert(key.clone(), Arc::clone(&batch));
        batch
    }
}

impl<Q: Question> Batch<Q> {
    fn new(key: &Q::Key) -> Self {
        Self { keys: Mutex::new(Keys { all: vec![key.clone()], closed: false }), answers: OnceCell::new() }
    }

    fn join(&self, key: &Q::Key) -> bool {
        let mut keys = lock(&self.keys);
        if !keys.closed {
            keys.all.push(key.clone());
        }
        !keys.closed
    }

    /// Waits until no more keys come, then asks about all of them.
    async fn ask(&self, db: &Db, sight: Sight) -> Result<HashMap<Q::Key, Q::Answer>> {
        let (mut quiet, mut count) = (0, 0);
        while quiet < QUIET_TURNS {
            turn().await;
            let now = lock(&self.keys).all.len();
            quiet = if now == count { quiet + 1 } else { 0 };
            count = now;
        }
        let keys = {
            let mut keys = lock(&self.keys);
            keys.closed = true;
            keys.all.clone()
        };
        Q::ask(db, sight, &keys).await
    }
}

/// Ends when the operation is polled for the next time. The runtime's own way to yield ends as soon as it is polled
/// again, and a resolver is polled several times in a turn.
async fn turn() {
    let over = Arc::new(Over::default());
    std::future::poll_fn(|context| {
        over.waker.register(context.waker());
        if over.is.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        if !over.asked.swap(true, Ordering::AcqRel) {
            let waker = Waker::from(Arc::clone(&over));
            let _pending = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker));
        }
        Poll::Pending
    })
    .await;
}

#[derive(Default)]
struct Over {
    asked: AtomicBool,
    is: AtomicBool,
    waker: AtomicWaker,
}

impl Wake for Over {
    fn wake(self: Arc<Self>) {
        self.is.store(true, Ordering::Release);
        self.waker.wake();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
