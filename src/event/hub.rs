use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::time::{MissedTickBehavior, interval};

use super::cursor::{Cursors, Position};
use super::feed::candidates;
use super::log::EventLog;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::scheduling::runtime::OperationRuntime;
use crate::scheduling::watchdog::watched;
use crate::store::ColumnSet;
use crate::store::db::Db;
use crate::store::entity::event;

/// How often the log is read even if nothing is known to have happened: other processes also append to it.
const POLL: Duration = Duration::from_secs(1);
/// Maximum number of events in a batch.
const BATCH: usize = 100;
/// Number of batches of a company that are kept for subscribers who have not taken them yet. Whoever falls further behind
/// reads the log.
const KEPT: usize = 32;

/// New events of a company, in the order of the feed.
pub struct Batch {
    pub rows: Vec<event::Model>,
    pub cursors: Cursors,
    /// Everything up to here is in this batch, or in one before.
    pub end: Position,
}

/// Hands new events to the subscribers of their company. One task per process reads them, once for all subscribers, while
/// there are any.
#[derive(Clone)]
pub struct EventHub(Arc<Shared>);

struct Shared {
    db: Db,
    runtime: OperationRuntime,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    companies: HashMap<CompanyId, Sender<Arc<Batch>>>,
    is_running: bool,
}

impl EventHub {
    pub fn new(db: Db, runtime: OperationRuntime) -> Self {
        Self(Arc::new(Shared { db, runtime, state: Mutex::default() }))
    }

    /// Receives the events of a company that are read from now on.
    pub fn subscribe(&self, company_id: CompanyId) -> Receiver<Arc<Batch>> {
        let mut state = self.0.state();
        if !state.is_running {
            state.is_running = true;
            let reader = Reader { shared: Arc::downgrade(&self.0), position: None, generation: None };
            self.0.runtime.spawn(watched("event hub", reader.run(self.0.db.clone())));
        }
        state.companies.entry(company_id).or_insert_with(|| broadcast::channel(KEPT).0).subscribe()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The companies with subscribers. Without any, the task ends.
    fn companies(&self) -> Vec<CompanyId> {
        let mut state = self.state();
        state.companies.retain(|_, sender| sender.receiver_count() > 0);
        state.is_running = !state.companies.is_empty();
        state.companies.keys().copied().collect()
    }

    fn send(&self, company_id: CompanyId, batch: Batch) {
        let sender = self.state().companies.get(&company_id).cloned();
        if let Some(sender) = sender {
            // Nobody receives it if the last subscriber has just gone.
            let _ = sender.send(Arc::new(batch));
        }
    }

    /// Ends all subscriptions: their cursors tell them how to go on.
    fn end(&self) {
        self.state().companies.clear();
    }
}

/// The task that reads the log.
struct Reader {
    shared: Weak<Shared>,
    /// What was read so far; nothing before the first reading.
    position: Option<Position>,
    generation: Option<i64>,
}

impl Reader {
    async fn run(mut self, db: Db) {
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_failing = false;
        loop {
            let mut committed = pin!(db.committed());
            committed.as_mut().enable();
            let Some(shared) = self.shared.upgrade() else { return };
            match self.read(&shared, &db).await {
                Ok(true) => {
                    if std::mem::take(&mut is_failing) {
                        tracing::info!("the event log can be read again");
                    }
                }
                Ok(false) => return,
                Err(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        let error = breadth::Error::from(error);
                        tracing::error!(
                            cause = error.message,
                            "cannot read the event log for subscriptions; trying again"
                        );
                    }
                }
            }
            drop(shared);
            tokio::select! {
                () = committed => {}
                _ = poll.tick() => {}
            }
        }
    }

    /// Reads what is new, and hands it on. Returns whether there are any subscribers.
    async fn read(&mut self, shared: &Shared, db: &Db) -> Result<bool> {
        let log = EventLog(db);
        // The state of the log as a whole is that for any company.
        let Some(any) = shared.companies().first().copied() else { return Ok(false) };
        let state = log.state(any).await?;
        if self.generation.replace(state.generation).is_some_and(|known| known != state.generation) {
            shared.end();
            self.position = None;
            return Ok(!shared.companies().is_empty());
        }
        let end = Position { id: state.horizon.id - 1, ..state.horizon };
        // Only now: whoever subscribes after this reads the log up to the horizon by themselves.
        let companies = shared.companies();
        let Some(mut position) = self.position.replace(end).filter(|_| !companies.is_empty()) else {
            return Ok(!companies.is_empty());
        };
        let of = || db.dialect().one_of((event::Entity, event::Column::CompanyId), companies.iter().copied());
        while position < end {
            let rows = match candidates(db, of(), position, state.horizon, BATCH, &ColumnSet::ALL).await {
                Ok(rows) => rows,
                Err(error) => {
                    self.position = Some(position);
                    return Err(error);
                }
            };
            let is_last = rows.len() < BATCH;
            position = if is_last { end } else { rows.last().map_or(end, Position::of) };
            let mut by_company: HashMap<CompanyId, Vec<event::Model>> = HashMap::new();
            for row in rows {
                by_company.entry(row.company_id).or_default().push(row);
            }
            for (company_id, rows) in by_company {
                let cursors = Cursors::new(&state, company_id);
                shared.send(company_id, Batch { rows, cursors, end: position });
            }
        }
        Ok(true)
    }
}
