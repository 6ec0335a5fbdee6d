//! Looking tokens up in the database: those that arrive while a look-up is under way are found by the next one,
//! together.
//!
//! Each request is answered by a look-up that began after the request came, so that revoking a token takes effect at
//! once; but where many requests come at a time, one statement lets all of them in.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use tokio::sync::oneshot;

use crate::db::Db;
use crate::entity::token::{self, Scopes};
use crate::entity::user::{self, UserStatus};
use crate::error::{Error, Result};

/// The company and the hash of a token.
pub type Key = (i64, Vec<u8>);

/// What the database knows of a token.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Holder {
    company_id: i64,
    hash: Vec<u8>,
    pub id: i64,
    pub user_id: i64,
    pub scopes: Scopes,
    pub expires_on: Option<DateTime<Utc>>,
    pub revoked_on: Option<DateTime<Utc>>,
    /// Of its user.
    pub status: UserStatus,
}

type Found = Result<Option<Holder>>;

/// So many tokens are looked up by one statement.
const MOST: usize = 8;

/// The look-ups of a process.
#[derive(Clone)]
pub struct Lookup(Arc<Shared>);

struct Shared {
    db: Db,
    queue: Mutex<Queue>,
}

impl Shared {
    /// Nothing panics while it holds the queue.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True where nobody serves the queue.
    fn enqueue(&self, key: Key, sender: oneshot::Sender<Found>) -> bool {
        let mut queue = self.queue();
        queue.waiting.entry(key).or_default().push(sender);
        !mem::replace(&mut queue.is_served, true)
    }
}

#[derive(Default)]
struct Queue {
    waiting: HashMap<Key, Vec<oneshot::Sender<Found>>>,
    /// Somebody takes what waits.
    is_served: bool,
}

impl Lookup {
    pub fn new(db: Db) -> Self {
        Self(Arc::new(Shared { db, queue: Mutex::default() }))
    }

    /// What is known of a token now; `None` where there is none of this company with this hash.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find(&self, key: Key) -> Found {
        let (sender, found) = oneshot::channel();
        if self.0.enqueue(key, sender) {
            // In a task of its own, as others wait for it who do not hang up where this request does.
            tokio::spawn(Service { shared: Arc::clone(&self.0), is_over: false }.run());
        }
        found.await.map_err(Error::internal)?
    }
}

/// Serves the queue until nobody waits.
struct Service {
    shared: Arc<Shared>,
    is_over: bool,
}

impl Service {
    async fn run(mut self) {
        while let Some(waiting) = self.next() {
            let mut waiting: Vec<(Key, Vec<oneshot::Sender<Found>>)> = waiting.into_iter().collect();
            while !waiting.is_empty() {
                let some = waiting.split_off(waiting.len().saturating_sub(MOST));
                let keys: Vec<&Key> = some.iter().map(|(key, _)| key).collect();
                let found = ask(&self.shared.db, &keys).await;
                for (key, senders) in some {
                    let found = found.as_ref().map(|found| found.get(&key).cloned()).map_err(Clone::clone);
                    for sender in senders {
                        // Who has hung up wants to know nothing.
                        let _ = sender.send(found.clone());
                    }
                }
            }
        }
    }

    fn next(&mut self) -> Option<HashMap<Key, Vec<oneshot::Sender<Found>>>> {
        let mut queue = self.shared.queue();
        queue.is_served = !queue.waiting.is_empty();
        self.is_over = queue.waiting.is_empty();
        queue.is_served.then(|| mem::take(&mut queue.waiting))
    }
}

impl Drop for Service {
    /// Where it ends before its time, by a panic, those who wait learn of it, and the next one is served by another.
    fn drop(&mut self) {
        if !self.is_over {
            let mut queue = self.shared.queue();
            queue.is_served = false;
            queue.waiting.clear();
        }
    }
}

async fn ask(db: &Db, keys: &[&Key]) -> Result<HashMap<Key, Holder>> {
    // Of 1, 2, 4 or 8 keys, so that few statements are prepared: the last one is repeated.
    let all = keys.iter().chain(keys.last().into_iter().cycle()).take(keys.len().next_power_of_two());
    let is_one = all.fold(Condition::any(), |any, (company_id, hash)| {
        let is_this = Condition::all().add(token::Column::CompanyId.eq(*company_id));
        any.add(is_this.add(token::Column::Hash.eq(hash.as_slice())))
    });
    let holders = token::Entity::find()
        .inner_join(user::Entity)
        .filter(is_one)
        .select_only()
        .columns([token::Column::CompanyId, token::Column::Hash])
        .columns([token::Column::Id, token::Column::UserId, token::Column::Scopes])
        .columns([token::Column::ExpiresOn, token::Column::RevokedOn])
        .column(user::Column::Status)
        .into_model::<Holder>()
        .all(db.read())
        .await?;
    Ok(holders.into_iter().map(|holder| ((holder.company_id, holder.hash.clone()), holder)).collect())
}
