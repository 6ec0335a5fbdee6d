//! Whose statements a handle to the database runs, and what measures them.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use tokio::sync::{Mutex, Semaphore};

use super::pool::Lease;
use super::stopwatch::{Stopwatch, millis};
use crate::auth::TokenKey;
use crate::error::Error;
use crate::fair::Owner;
use crate::meter::Meter;

/// So many reads of one operation wait for turns, or run, at the same time. The others begin when one of these has ended: the
/// operation can be stopped between them, and does not wait hundreds of times at once.
const AT_ONCE: usize = 4;

/// For so long none of an operation's reads waits for a connection again after one of them did in vain.
const REFUSED: Duration = Duration::from_secs(1);

/// When a read of an operation has waited for a connection in vain.
#[derive(Debug)]
pub(super) struct Refused {
    watch: Stopwatch,
    /// 0 where none has.
    at: AtomicU64,
}

impl Default for Refused {
    fn default() -> Self {
        Self { watch: Stopwatch::start(), at: AtomicU64::new(0) }
    }
}

impl Refused {
    pub fn note(&self) {
        self.at.store(self.watch.now(), Ordering::Relaxed);
    }

    pub fn is_recent(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at != 0 && self.watch.now().saturating_sub(at) < millis(REFUSED)
    }
}

/// The part of the database's connections that an operation has, and what measures its statements.
#[derive(Clone, Debug)]
pub struct Share {
    pub token: TokenKey,
    pub meter: Arc<Meter>,
    pub stop: StopSignal,
}

/// What all statements of one operation have in common.
#[derive(Debug)]
pub(super) struct Scope {
    pub owner: Owner,
    meter: Option<Arc<Meter>>,
    /// How many transactions hold connections that reads take, too.
    pub transactions: AtomicU32,
    /// A read took too long for a reserved connection: the next ones wait for their turn.
    pub is_long: AtomicBool,
    /// The connection that its reads share, as long as one of them runs.
    pub shared: Mutex<Weak<Lease>>,
    pub refused: Refused,
    /// Places for its reads.
    pub places: Semaphore,
    stop: StopSignal,
}

impl Scope {
    /// Nobody bounds what the process itself does.
    pub fn of_process() -> Self {
        Self::new(Owner::Process, None, StopSignal::default())
    }

    pub fn of(share: Share) -> Self {
        Self::new(Owner::Token(share.token), Some(share.meter), share.stop)
    }

    fn new(owner: Owner, meter: Option<Arc<Meter>>, stop: StopSignal) -> Self {
        Self {
            owner,
            meter,
            transactions: AtomicU32::new(0),
            is_long: AtomicBool::new(false),
            shared: Mutex::default(),
            refused: Refused::default(),
            places: Semaphore::new(AT_ONCE),
            stop,
        }
    }

    /// Whether the operation may go on.
    ///
    /// # Errors
    /// Where it was stopped, or has used more than it may.
    pub fn check(&self) -> Result<(), DbErr> {
        if self.stop.0.load(Ordering::Relaxed) {
            let gone = DbErr::Custom("nobody waits for the answer any more".to_owned());
            return Err(Stopped(Error::Unavailable(Arc::new(gone))).into());
        }
        self.meter.as_ref().map_or(Ok(()), |meter| meter.check()).map_err(|error| Stopped(error).into())
    }

    /// A change was committed.
    pub fn changed(&self) {
        if let Some(meter) = &self.meter {
            meter.changed();
        }
    }

    /// A change may have been committed: the database did not say so.
    pub fn perhaps_changed(&self) {
        if let Some(meter) = &self.meter {
            meter.perhaps_changed();
        }
    }

    /// A statement has run for so long since this was told last.
    pub fn database(&self, took: Duration) {
        if let Some(meter) = &self.meter {
            meter.database(took);
        }
    }

    /// A statement has ended.
    pub fn statement(&self) {
        if let Some(meter) = &self.meter {
            meter.statement(Duration::ZERO, 0, 0);
        }
    }

    /// `SQLite` has executed so many instructions of its virtual machine.
    pub fn steps(&self, steps: u64) {
        if let Some(meter) = &self.meter {
            meter.steps(steps);
        }
    }

    /// Rows have arrived.
    ///
    /// # Errors
    /// Where the operation may not hold so much more in memory.
    pub fn rows(&self, rows: u64, bytes: u64) -> Result<(), DbErr> {
        let Some(meter) = &self.meter else { return Ok(()) };
        meter.rows(rows, bytes).map_err(|error| Stopped(error).into())
    }

    pub fn is_metered(&self) -> bool {
        self.meter.is_some()
    }
}

/// Stops what an operation runs in the database when this is dropped: statements that run are cancelled there within a
/// tenth of a second, and no other is begun.
///
/// For operations that only read: the transaction of a change is rolled back by this, unless its commit was sent.
#[derive(Debug, Default)]
#[must_use]
pub struct StopOnDrop(StopSignal);

/// Tells an operation to stop. The default one never does.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopOnDrop {
    pub fn signal(&self) -> StopSignal {
        self.0.clone()
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Why an operation was stopped, on its way through code that knows errors of the database alone.
#[derive(Debug)]
struct Stopped(Error);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the operation was stopped: {}", self.0.code())
    }
}

impl std::error::Error for Stopped {}

impl From<Stopped> for DbErr {
    fn from(stopped: Stopped) -> Self {
        Self::Query(RuntimeErr::SqlxError(Arc::new(SqlxError::AnyDriverError(Box::new(stopped)))))
    }
}

/// Where an operation was stopped, why.
pub fn stopped(error: &DbErr) -> Option<Error> {
    let (DbErr::Query(RuntimeErr::SqlxError(cause)) | DbErr::Exec(RuntimeErr::SqlxError(cause))) = error else {
        return None;
    };
    let SqlxError::AnyDriverError(cause) = &**cause else { return None };
    cause.downcast_ref::<Stopped>().map(|Stopped(error)| error.clone())
}
