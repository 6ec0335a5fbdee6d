//! Batched token lookups: tokens that arrive while a lookup runs are found together by the next one.
//!
//! Each request gets the result of a lookup that began after the request arrived, so that revoking a token takes effect
//! at once, yet one statement serves many concurrent requests. If more tokens wait than fit into one statement, or a
//! lookup is slow, another one runs concurrently, so that no request waits long behind a dead connection. Addresses
//! take turns, so that nobody waits behind tokens that another address makes up.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, RuntimeErr};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::ids::{CompanyId, TokenId, UserId};
use crate::scheduling::runtime::OperationRuntime;
use crate::scheduling::watchdog::watched;
use crate::store::db::{Db, DbFault, Row, RowQueries};
use crate::store::entity::token::{self, Scopes};
use crate::store::entity::user::{self, UserStatus};

/// The company and the hash of a token.
pub type Key = (CompanyId, Vec<u8>);

/// A token as stored, with the status of its user.
#[derive(Clone, Debug)]
pub struct Holder {
    pub id: TokenId,
    pub user_id: UserId,
    pub scopes: Scopes,
    pub expires_on: Option<DateTime<Utc>>,
    pub revoked_on: Option<DateTime<Utc>>,
    /// Status of the user.
    pub status: UserStatus,
}

type Found = Result<Option<Holder>>;

/// Maximum number of tokens per statement.
const MOST: usize = 8;
/// Maximum number of concurrent statements.
const SERVICES: usize = 4;
/// A request that has waited for this long starts another statement.
const LONG: Duration = Duration::from_millis(100);

/// The token lookups of a process.
#[derive(Clone)]
pub struct Lookup(Arc<Shared>);

struct Shared {
    db: Db,
    /// The runtime that the statements run on.
    runtime: OperationRuntime,
    queue: Mutex<Queue>,
}

impl Shared {
    /// No holder of the lock panics.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(self: &Arc<Self>, address: Option<IpAddr>, key: Key, sender: oneshot::Sender<Found>) {
        let mut queue = self.queue();
        queue.push(address, key, sender);
        if queue.services == 0 || queue.waiting.len() > MOST {
            self.serve(&mut queue);
        }
    }

    /// Starts another statement, unless the maximum run already.
    fn serve(self: &Arc<Self>, queue: &mut Queue) {
        if queue.services < SERVICES && !queue.waiting.is_empty() {
            queue.services += 1;
            // In a task of its own, since requests wait for it that outlive this one.
            let service = Service { shared: Arc::clone(self), is_over: false };
            self.runtime.spawn(watched("token look-up", service.run()));
        }
    }
}

/// The tokens of one statement, with the requests that wait for each.
type Batch = Vec<(Key, Vec<oneshot::Sender<Found>>)>;

#[derive(Default)]
struct Queue {
    waiting: HashMap<Key, Waiting>,
    /// The keys that each address waits for, in order of arrival. A key may remain here after it was found for another
    /// address, or after its requests were dropped.
    lanes: HashMap<Option<IpAddr>, VecDeque<Key>>,
    /// The addresses that have a lane, in the order of their turns.
    turns: VecDeque<Option<IpAddr>>,
    /// How many tasks serve the queue.
    services: usize,
}

/// The requests that wait for a key, and their addresses.
#[derive(Default)]
struct Waiting {
    senders: Vec<oneshot::Sender<Found>>,
    addresses: Vec<Option<IpAddr>>,
}

impl Queue {
    fn push(&mut self, address: Option<IpAddr>, key: Key, sender: oneshot::Sender<Found>) {
        let waiting = self.waiting.entry(key.clone()).or_default();
        // Forget requests that were dropped.
        waiting.senders.retain(|sender| !sender.is_closed());
        waiting.senders.push(sender);
        if waiting.addresses.contains(&address) {
            return;
        }
        waiting.addresses.push(address);
        let lane = self.lanes.entry(address).or_default();
        if lane.is_empty() {
            self.turns.push_back(address);
        }
        lane.push_back(key);
    }

    /// Takes the next key of the address whose turn it is.
    fn pop(&mut self) -> Option<Key> {
        let address = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&address)?;
        let key = lane.pop_front();
        if lane.is_empty() {
            self.lanes.remove(&address);
        } else {
            self.turns.push_back(address);
        }
        key
    }

    /// Takes the next batch of keys that a request still waits for.
    fn next(&mut self) -> Batch {
        let mut next = Batch::new();
        while next.len() < MOST
            && let Some(key) = self.pop()
        {
            let Some(Waiting { mut senders, .. }) = self.waiting.remove(&key) else { continue };
            senders.retain(|sender| !sender.is_closed());
            if !senders.is_empty() {
                next.push((key, senders));
            }
        }
        next
    }

    fn clear(&mut self) {
        self.waiting.clear();
        self.lanes.clear();
        self.turns.clear();
    }
}

impl Lookup {
    pub fn new(runtime: OperationRuntime, db: Db) -> Self {
        Self(Arc::new(Shared { db, runtime, queue: Mutex::default() }))
    }

    /// Finds a token as it is now; `None` if the company has no token with this hash. `address` is that of the client,
    /// if known.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn find(&self, address: Option<IpAddr>, key: Key) -> Found {
        let (sender, mut found) = oneshot::channel();
        self.0.enqueue(address, key, sender);
        if let Ok(found) = timeout(LONG, &mut found).await {
            return found.map_err(Error::internal)?;
        }
        self.0.serve(&mut self.0.queue());
        found.await.map_err(Error::internal)?
    }
}

/// A task that serves the queue until it is empty.
struct Service {
    shared: Arc<Shared>,
    is_over: bool,
}

impl Service {
    async fn run(mut self) {
        while let Some(some) = self.next() {
            let keys: Vec<&Key> = some.iter().map(|(key, _)| key).collect();
            let found = ask_in_time(&self.shared.db, &keys).await;
            for (key, senders) in some {
                let found = found.as_ref().map(|found| found.get(&key).cloned()).map_err(Clone::clone);
                for sender in senders {
                    let _ = sender.send(found.clone());
                }
            }
        }
    }

    fn next(&mut self) -> Option<Batch> {
        let mut queue = self.shared.queue();
        let next = queue.next();
        if next.is_empty() {
            queue.services -= 1;
            self.is_over = true;
            return None;
        }
        Some(next)
    }
}

impl Drop for Service {
    /// If the task panics, fails the requests that wait, and lets another task serve the next ones.
    fn drop(&mut self) {
        if !self.is_over {
            let mut queue = self.shared.queue();
            queue.services -= 1;
            queue.clear();
        }
    }
}

/// A statement timeout cannot fire on a dead connection, so time out here too.
async fn ask_in_time(db: &Db, keys: &[&Key]) -> Result<HashMap<Key, Holder>> {
    let mut asked = pin!(ask(db, keys));
    if let Ok(found) = timeout(db.reply_timeout(), &mut asked).await {
        return found;
    }
    // Before the connection is released.
    db.report_fault(DbFault::Connection);
    Err(DbErr::Conn(RuntimeErr::Internal("the database did not answer the lookup of a token in time".to_owned()))
        .into())
}

async fn ask(db: &Db, keys: &[&Key]) -> Result<HashMap<Key, Holder>> {
    // Repeat the last key up to 1, 2, 4 or 8 keys, so that few statements are prepared.
    let all = keys.iter().chain(keys.last().into_iter().cycle()).take(keys.len().next_power_of_two());
    let is_one = all.fold(Condition::any(), |any, (company_id, hash)| {
        let is_this = Condition::all().add(token::Column::CompanyId.eq(*company_id));
        any.add(is_this.add(token::Column::Hash.eq(hash.as_slice())))
    });
    let find = token::Entity::find()
        .inner_join(user::Entity)
        .filter(is_one)
        .select_only()
        .columns([token::Column::CompanyId, token::Column::Hash])
        .columns([token::Column::Id, token::Column::UserId, token::Column::Scopes])
        .columns([token::Column::ExpiresOn, token::Column::RevokedOn])
        .column(user::Column::Status);
    let rows = db.lookup().rows(&find.into_query()).await?;
    Ok(rows.iter().map(holder).collect::<Result<_, DbErr>>()?)
}

/// Reads the columns in the order of [`ask`].
fn holder(row: &Row) -> Result<(Key, Holder), DbErr> {
    let holder = Holder {
        id: row.get(2)?,
        user_id: row.get(3)?,
        scopes: row.get(4)?,
        expires_on: row.get(5)?,
        revoked_on: row.get(6)?,
        status: row.get(7)?,
    };
    Ok(((row.get(0)?, row.get(1)?), holder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(token: u8) -> Key {
        (CompanyId(1), vec![token])
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn tokens(batch: &Batch) -> Vec<u8> {
        batch.iter().map(|((_, hash), _)| hash[0]).collect()
    }

    #[test]
    fn lookups_take_turns_by_address() {
        let mut queue = Queue::default();
        let mut wait = Vec::new();
        let mut push = |queue: &mut Queue, from, token| {
            let (sender, receiver) = oneshot::channel();
            queue.push(Some(address(from)), key(token), sender);
            wait.push(receiver);
        };
        for made_up in 100..200 {
            push(&mut queue, 1, made_up);
        }
        push(&mut queue, 2, 1);
        push(&mut queue, 3, 2);
        push(&mut queue, 3, 3);
        // A key of two addresses is looked up once, at the earlier turn.
        push(&mut queue, 4, 1);
        assert_eq!(tokens(&queue.next()), [100, 1, 2, 101, 3, 102, 103, 104]);
        assert_eq!(tokens(&queue.next()), [105, 106, 107, 108, 109, 110, 111, 112]);
        push(&mut queue, 4, 1);
        assert_eq!(tokens(&queue.next())[..2], [113, 1]);
        while !queue.next().is_empty() {}
        assert!(queue.waiting.is_empty() && queue.lanes.is_empty() && queue.turns.is_empty());
    }

    #[test]
    fn a_cancelled_lookup_takes_no_turn() {
        let mut queue = Queue::default();
        for token in 0..100 {
            queue.push(Some(address(1)), key(token), oneshot::channel().0);
        }
        let (sender, _wait) = oneshot::channel();
        queue.push(Some(address(1)), key(200), sender);
        assert_eq!(tokens(&queue.next()), [200]);
        assert!(queue.waiting.is_empty() && queue.lanes.is_empty());
    }
}
