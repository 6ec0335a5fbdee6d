use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::time::{MissedTickBehavior, interval};

use super::cursor::Cursors;
use super::feed::candidates;
use super::log::{EventLog, LogState};
use super::position::Position;
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

    /// Receives the events of a company that happen from now on: whoever reads the log after this misses nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscribe(&self, company_id: CompanyId) -> Result<Receiver<Arc<Batch>>> {
        if let Some(receiver) = self.0.state().join(company_id) {
            return Ok(receiver);
        }
        let log = EventLog(&self.0.db).state(company_id).await?;
        let mut state = self.0.state();
        if !state.is_running {
            state.is_running = true;
            let (shared, position) = (Arc::downgrade(&self.0), end(&log));
            let reader = Reader { shared, position, generation: log.generation, is_failing: false };
            self.0.runtime.spawn(watched("event hub", reader.run(self.0.db.clone())));
        }
        Ok(state.add(company_id))
    }
}

impl State {
    /// Receives the events of a company, if the task runs.
    fn join(&mut self, company_id: CompanyId) -> Option<Receiver<Arc<Batch>>> {
        self.is_running.then(|| self.add(company_id))
    }

    fn add(&mut self, company_id: CompanyId) -> Receiver<Arc<Batch>> {
        self.companies.entry(company_id).or_insert_with(|| broadcast::channel(KEPT).0).subscribe()
    }
}

/// The position of the last event that the state of the log says to be complete.
fn end(state: &LogState) -> Position {
    Position { id: state.horizon.id - 1, ..state.horizon }
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

    /// Ends all subscriptions, and the task: the subscribers learn from their cursors how to go on.
    fn end(&self) {
        let mut state = self.state();
        state.companies.clear();
        state.is_running = false;
    }
}

/// The task that reads the log.
struct Reader {
    shared: Weak<Shared>,
    /// The position of the last event that was read.
    position: Position,
    generation: i64,
    is_failing: bool,
}

impl Reader {
    async fn run(mut self, db: Db) {
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut committed = pin!(db.committed());
            // Before the reading, so that no commit during it is missed.
            committed.as_mut().enable();
            let Some(shared) = self.shared.upgrade() else { return };
            let read = self.read(&shared, &db).await;
            drop(shared);
            if matches!(read, Ok(false)) {
                return;
            }
            self.report(read);
            tokio::select! {
                () = committed => {}
                _ = poll.tick() => {}
            }
        }
    }

    /// Logs the first of several failures, and the end of them.
    fn report(&mut self, read: Result<bool>) {
        let was_failing = std::mem::replace(&mut self.is_failing, read.is_err());
        match read {
            Err(error) if !was_failing => {
                let cause = breadth::Error::from(error).message;
                tracing::error!(cause, "cannot read the event log for subscriptions; trying again");
            }
            Ok(_) if was_failing => tracing::info!("the event log can be read again"),
            _ => {}
        }
    }

    /// Reads what is new, and hands it on. Returns whether there are any subscribers.
    async fn read(&mut self, shared: &Shared, db: &Db) -> Result<bool> {
        // The state of the log as a whole is that for any company.
        let Some(any) = shared.companies().first().copied() else { return Ok(false) };
        let state = EventLog(db).state(any).await?;
        if state.generation != self.generation {
            shared.end();
            return Ok(false);
        }
        // Only now: whoever subscribes after this reads the log up to the horizon by themselves.
        let companies = shared.companies();
        if companies.is_empty() {
            return Ok(false);
        }
        let end = end(&state);
        let of = || db.dialect().one_of((event::Entity, event::Column::CompanyId), companies.iter().copied());
        while self.position < end {
            let rows = candidates(db, of(), self.position, state.horizon, BATCH, &ColumnSet::ALL).await?;
            let is_last = rows.len() < BATCH;
            self.position = if is_last { end } else { rows.last().map_or(end, Position::of) };
            let mut by_company: HashMap<CompanyId, Vec<event::Model>> = HashMap::new();
            for row in rows {
                by_company.entry(row.company_id).or_default().push(row);
            }
            for (company_id, rows) in by_company {
                let cursors = Cursors::new(&state, company_id);
                shared.send(company_id, Batch { rows, cursors, end: self.position });
            }
        }
        Ok(true)
    }
}
