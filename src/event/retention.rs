use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::watch;
use tokio::time::Instant;

use super::log::EventLog;
use super::position::Position;
use crate::clock::Clock;
use crate::ids::{CompanyId, EventId};
use crate::quota::{self, StorageUsage};
use crate::store::db::{Db, Dialect, Transaction};
use crate::store::entity::{company, event};

/// Maximum number of events that one transaction reads.
const EVENTS: u64 = 500;
/// Maximum number of bytes that one transaction removes; the last event may exceed it. Events from before the limit on
/// their texts may be long.
const BYTES: i64 = 1 << 20;
/// Maximum number of companies that are read at once.
const COMPANIES: u64 = 100;
/// Time between two sweeps.
const INTERVAL: Duration = Duration::from_hours(1);
/// Delay of the first sweep, so that it does not compete with requests that wait for the server to start.
const DELAY: Duration = Duration::from_mins(1);
/// Pause after a transaction: at least `PAUSE`, and `PAUSE_SHARE` times as long as the transaction took. Removal
/// therefore uses at most a fifth of the time of `SQLite`'s single writer.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_SHARE: u32 = 4;

/// Removes events that are older than `keep`, in the background and in short transactions. Several servers may do so on
/// one database at the same time, and an interrupted sweep continues with the next one.
#[derive(Clone)]
pub struct Retention {
    pub db: Db,
    pub clock: Clock,
    pub keep: TimeDelta,
}

/// The events that a sweep has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub events: u64,
    /// Size of the events as counted in their companies' usage.
    pub bytes: i64,
}

/// The result of one transaction.
struct Step {
    removed: Removed,
    /// The last event that was read; `None` if no event was old.
    last: Option<EventId>,
}

impl Retention {
    /// Sweeps periodically until `stop` is true or its sender is gone. A running transaction is completed first.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut wait = DELAY;
        while !pause(&mut stop, wait).await {
            wait = INTERVAL;
            match self.sweep(&mut stop).await {
                Ok(Removed { events: 0, .. }) => {}
                Ok(Removed { events, bytes }) => tracing::info!(events, bytes, "removed old events"),
                Err(error) => tracing::warn!(%error, "cannot remove old events; the next sweep tries again"),
            }
        }
    }

    /// Removes all events that are older than `keep`, company by company.
    ///
    /// # Errors
    /// When the database fails; what was removed before stays removed.
    pub async fn sweep(&self, stop: &mut watch::Receiver<bool>) -> Result<Removed, DbErr> {
        let before = self.clock.now() - self.keep;
        let mut all = Removed::default();
        let mut after = CompanyId(i64::MIN);
        loop {
            let companies = companies(&self.db, after).await?;
            let Some(&last) = companies.last() else { return Ok(all) };
            for company_id in companies {
                let mut position = EventId(i64::MIN);
                loop {
                    let started = Instant::now();
                    let done = self.step(company_id, position, before).await?;
                    all.events += done.removed.events;
                    all.bytes += done.removed.bytes;
                    let Some(last) = done.last else { break };
                    position = last;
                    if pause(stop, PAUSE.max(started.elapsed() * PAUSE_SHARE)).await {
                        return Ok(all);
                    }
                }
            }
            after = last;
        }
    }

    /// Runs one transaction. It reads a company's events in the order of their ids, which nearly follows their times:
    /// if none of the next events is old, later ones are not either.
    async fn step(&self, company_id: CompanyId, after: EventId, before: DateTime<Utc>) -> Result<Step, DbErr> {
        let nothing = Step { removed: Removed::default(), last: None };
        // Most sweeps find nothing, so check first without taking the write lock of SQLite.
        if next(self.db.read(), company_id, after, false).await?.iter().all(|(_, created_on, ..)| *created_on >= before)
        {
            return Ok(nothing);
        }
        let transaction = self.db.begin().await?;
        let found = next(&transaction, company_id, after, true).await?;
        let mut removed = Removed::default();
        let mut old = Vec::new();
        let mut last = None;
        let mut floor = Position::default();
        for (id, created_on, bytes, transaction) in found {
            if removed.bytes >= BYTES {
                break;
            }
            last = Some(id);
            if created_on < before {
                old.push(id);
                removed.bytes += i64::from(bytes);
                floor = floor.max(Position { transaction, id: id.0 });
            }
        }
        removed.events = old.len() as u64;
        if !old.is_empty() {
            EventLog::raise_floor(&transaction, company_id, floor).await?;
        }
        remove(&transaction, company_id, old).await?;
        quota::add_usage(&transaction, company_id, StorageUsage { notes: 0, bytes: -removed.bytes }).await?;
        transaction.commit().await?;
        metrics::counter!("notegraph_events_removed_total").increment(removed.events);
        // Events that another server has locked are skipped, as that server removes them.
        Ok(if removed.events == 0 { nothing } else { Step { removed, last } })
    }
}

/// Waits; returns whether to stop.
async fn pause(stop: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::time::timeout(time, stop.wait_for(|stop| *stop)).await.is_ok()
}

async fn companies(db: &Db, after: CompanyId) -> Result<Vec<CompanyId>, DbErr> {
    let find = company::Entity::find().select_only().column(company::Column::Id).filter(company::Column::Id.gt(after));
    find.order_by_asc(company::Column::Id).limit(COMPANIES).into_tuple().all(db.read()).await
}

/// Returns the next events of a company: id, time, bytes and transaction. With `held`, it locks them and skips those that others
/// have locked.
async fn next(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    after: EventId,
    held: bool,
) -> Result<Vec<(EventId, DateTime<Utc>, i32, i64)>, DbErr> {
    let mut find = event::Entity::find()
        .select_only()
        .columns([event::Column::Id, event::Column::CreatedOn, event::Column::Bytes, event::Column::TransactionId])
        .filter(event::Column::CompanyId.eq(company_id))
        .filter(event::Column::Id.gt(after))
        .order_by_asc(event::Column::Id)
        .limit(EVENTS);
    if held {
        find = find.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    find.into_tuple().all(connection).await
}

async fn remove(transaction: &Transaction, company_id: CompanyId, ids: Vec<EventId>) -> Result<(), DbErr> {
    let ids = Dialect::of(transaction).one_of((event::Entity, event::Column::Id), ids);
    event::Entity::delete_many()
        .filter(event::Column::CompanyId.eq(company_id))
        .filter(ids)
        .exec(transaction)
        .await
        .map(drop)
}
