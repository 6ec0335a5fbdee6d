//! Looking tokens up in the database: those that arrive while a look-up is under way are found by the next one,
//! together.
//!
//! Each request is answered by a look-up that began after the request came, so that revoking a token takes effect at
//! once; but where many requests come at a time, one statement lets all of them in. Where more come than that takes, or
//! it takes long, another is begun beside it: nobody stands for long behind a connection that leads nowhere. Addresses take
//! turns, so that nobody stands behind tokens that somebody else makes up.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, RuntimeErr};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::db::{Db, Fault, Queries, Row};
use crate::entity::token::{self, Scopes};
use crate::entity::user::{self, UserStatus};
use crate::error::{Error, Result};
use crate::runtime::Work;
use crate::watchdog::watched;

/// The company and the hash of a token.
pub type Key = (i64, Vec<u8>);

/// What the database knows of a token.
#[derive(Clone, Debug)]
pub struct Holder {
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
/// So many statements run at the same time.
const SERVICES: usize = 4;
/// Who has waited for so long has another one begun.
const LONG: Duration = Duration::from_millis(100);

/// The look-ups of a process.
#[derive(Clone)]
pub struct Lookup(Arc<Shared>);

struct Shared {
    db: Db,
    /// Where the statements run.
    work: Work,
    queue: Mutex<Queue>,
}

impl Shared {
    /// Nothing panics while it holds the queue.
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

    /// Has another statement run, where there may be one.
    fn serve(self: &Arc<Self>, queue: &mut Queue) {
        if queue.services < SERVICES && !queue.waiting.is_empty() {
            queue.services += 1;
            // In a task of its own, as others wait for it who do not hang up where this request does.
            let service = Service { shared: Arc::clone(self), is_over: false };
            self.work.spawn(watched("token look-up", service.run()));
        }
    }
}

/// Those that are served next.
type Batch = Vec<(Key, Vec<oneshot::Sender<Found>>)>;

#[derive(Default)]
struct Queue {
    waiting: HashMap<Key, Waiting>,
    /// The keys that each address waits for, in the order in which they came. One that was found for another address, or
    /// that nobody waits for any more, may still stand here.
    lanes: HashMap<Option<IpAddr>, VecDeque<Key>>,
    /// The addresses that have a lane, the one whose turn is next first.
    turns: VecDeque<Option<IpAddr>>,
    /// So many take what waits.
    services: usize,
}

/// Who waits for a key, and from where.
#[derive(Default)]
struct Waiting {
    senders: Vec<oneshot::Sender<Found>>,
    addresses: Vec<Option<IpAddr>>,
}

impl Queue {
    fn push(&mut self, address: Option<IpAddr>, key: Key, sender: oneshot::Sender<Found>) {
        let waiting = self.waiting.entry(key.clone()).or_default();
        // Who has hung up wants to know nothing.
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

    /// The next key, of the address whose turn it is.
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

    /// The next ones that somebody waits for.
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
    pub fn new(work: Work, db: Db) -> Self {
        Self(Arc::new(Shared { db, work, queue: Mutex::default() }))
    }

    /// What is known of a token now; `None` where there is none of this company with this hash. `address` is who asks,
    /// where that is known.
    ///
    /// # Errors
    /// When the database does not answer.
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

/// Serves the queue until nobody waits.
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
    /// Where it ends before its time, by a panic, those who wait learn of it, and the next ones are served by another.
    fn drop(&mut self) {
        if !self.is_over {
            let mut queue = self.shared.queue();
            queue.services -= 1;
            queue.clear();
        }
    }
}

/// The time limit of the database is none where the connection leads nowhere.
async fn ask_in_time(db: &Db, keys: &[&Key]) -> Result<HashMap<Key, Holder>> {
    let mut asked = pin!(ask(db, keys));
    if let Ok(found) = timeout(db.patience(), &mut asked).await {
        return found;
    }
    // Before the connection is given back.
    db.heed(Fault::Connection);
    Err(DbErr::Conn(RuntimeErr::Internal("no answer about a token".to_owned())).into())
}

async fn ask(db: &Db, keys: &[&Key]) -> Result<HashMap<Key, Holder>> {
    // Of 1, 2, 4 or 8 keys, so that few statements are prepared: the last one is repeated.
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

/// In the order in which [`ask`] selects it.
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
        (1, vec![token])
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn tokens(batch: &Batch) -> Vec<u8> {
        batch.iter().map(|((_, hash), _)| hash[0]).collect()
    }

    #[test]
    fn addresses_take_turns() {
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
        // One key from two addresses is found once, by whichever turn comes first.
        push(&mut queue, 4, 1);
        assert_eq!(tokens(&queue.next()), [100, 1, 2, 101, 3, 102, 103, 104]);
        assert_eq!(tokens(&queue.next()), [105, 106, 107, 108, 109, 110, 111, 112]);
        push(&mut queue, 4, 1);
        assert_eq!(tokens(&queue.next())[..2], [113, 1]);
        while !queue.next().is_empty() {}
        assert!(queue.waiting.is_empty() && queue.lanes.is_empty() && queue.turns.is_empty());
    }

    #[test]
    fn who_has_hung_up_takes_no_turn() {
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
