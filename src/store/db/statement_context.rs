//! The principal of a handle's statements, and the meter that limits them.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use tokio::sync::{Mutex, Semaphore};

use super::pool::PooledConnection;
use super::stopwatch::{Stopwatch, millis};
use crate::meter::{LimitExceeded, Meter};
use crate::scheduling::{Principal, TokenKey};

/// How many reads of one operation wait for connections, or run, at once. The others start as these end, so that the
/// operation can be stopped between them and does not queue hundreds of times.
const AT_ONCE: usize = 4;

/// How long reads of an operation fail at once after one of them timed out waiting for a connection.
const REFUSED: Duration = Duration::from_secs(1);

/// When a read of the operation last timed out waiting for a connection.
#[derive(Debug)]
pub(super) struct Refused {
    watch: Stopwatch,
    /// 0 if none has.
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

/// An operation's share of the connections, and the meter of its statements.
#[derive(Clone, Debug)]
pub struct OperationContext {
    pub token: TokenKey,
    pub meter: Arc<Meter>,
    pub stop: CancelSignal,
}

/// State shared by all statements of one operation.
#[derive(Debug)]
pub(super) struct StatementContext {
    pub principal: Principal,
    meter: Option<Arc<Meter>>,
    /// How many transactions hold connections of the pool that reads use, too.
    pub transactions: AtomicU32,
    /// A read took too long for a reserved connection, so that the next ones use ordinary ones.
    pub is_long: AtomicBool,
    /// The connection that concurrent reads share.
    pub shared: Mutex<Weak<PooledConnection>>,
    pub refused: Refused,
    /// Limits how many reads run or wait at once.
    pub places: Semaphore,
    stop: CancelSignal,
}

impl StatementContext {
    /// The scope of the process itself, without limits.
    pub fn of_process() -> Self {
        Self::new(Principal::Process, None, CancelSignal::default())
    }

    pub fn of(operation: OperationContext) -> Self {
        Self::new(Principal::Token(operation.token), Some(operation.meter), operation.stop)
    }

    fn new(principal: Principal, meter: Option<Arc<Meter>>, stop: CancelSignal) -> Self {
        Self {
            principal,
            meter,
            transactions: AtomicU32::new(0),
            is_long: AtomicBool::new(false),
            shared: Mutex::default(),
            refused: Refused::default(),
            places: Semaphore::new(AT_ONCE),
            stop,
        }
    }

    /// Checks that the operation may go on.
    ///
    /// # Errors
    /// If it was stopped, or has exceeded its limits.
    pub fn check(&self) -> Result<(), DbErr> {
        if self.stop.0.load(Ordering::Relaxed) {
            return Err(Cancellation::Abandoned.into());
        }
        let Some(meter) = &self.meter else { return Ok(()) };
        meter.check().map_err(|limit| Cancellation::LimitExceeded(limit).into())
    }

    /// Counts a committed change.
    pub fn changed(&self) {
        if let Some(meter) = &self.meter {
            meter.changed();
        }
    }

    /// Counts a change that may have been committed, since the database did not confirm it.
    pub fn count_uncertain_change(&self) {
        if let Some(meter) = &self.meter {
            meter.count_uncertain_change();
        }
    }

    /// Adds the time that statements ran since the previous call.
    pub fn database(&self, took: Duration) {
        if let Some(meter) = &self.meter {
            meter.database(took);
        }
    }

    /// Counts a statement that has ended.
    pub fn statement(&self) {
        if let Some(meter) = &self.meter {
            meter.statement(Duration::ZERO, 0, 0);
        }
    }

    /// Adds the number of virtual machine instructions that `SQLite` executed.
    pub fn steps(&self, steps: u64) {
        if let Some(meter) = &self.meter {
            meter.steps(steps);
        }
    }

    /// Charges rows to the operation's memory budget.
    ///
    /// # Errors
    /// If the operation may not hold that much.
    pub fn rows(&self, rows: u64, bytes: u64) -> Result<(), DbErr> {
        let Some(meter) = &self.meter else { return Ok(()) };
        meter.rows(rows, bytes).map_err(|limit| Cancellation::LimitExceeded(limit).into())
    }

    pub fn is_metered(&self) -> bool {
        self.meter.is_some()
    }
}

/// Stops an operation's statements when dropped: running statements are cancelled within a tenth of a second, and no
/// new one begins.
///
/// For operations that only read: it would roll back the transaction of a change, unless its commit was sent.
#[derive(Debug, Default)]
#[must_use]
pub struct CancelOnDrop(CancelSignal);

/// Tells an operation to stop. The default one never does.
#[derive(Clone, Debug, Default)]
pub struct CancelSignal(Arc<AtomicBool>);

impl CancelOnDrop {
    pub fn signal(&self) -> CancelSignal {
        self.0.clone()
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Why an operation was stopped, carried through code that only knows database errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// Nobody waits for the response any more.
    Abandoned,
    /// The operation has used more than it may.
    LimitExceeded(LimitExceeded),
}

impl Cancellation {
    /// Returns why the operation was stopped, if this error says that it was.
    pub fn of(error: &DbErr) -> Option<&Self> {
        let (DbErr::Query(RuntimeErr::SqlxError(cause)) | DbErr::Exec(RuntimeErr::SqlxError(cause))) = error else {
            return None;
        };
        let SqlxError::AnyDriverError(cause) = &**cause else { return None };
        cause.downcast_ref()
    }
}

impl fmt::Display for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abandoned => f.write_str("nobody waits for the answer any more"),
            Self::LimitExceeded(limit) => write!(f, "the operation was stopped: {}", limit.code()),
        }
    }
}

impl std::error::Error for Cancellation {}

impl From<Cancellation> for DbErr {
    fn from(cancellation: Cancellation) -> Self {
        Self::Query(RuntimeErr::SqlxError(Arc::new(SqlxError::AnyDriverError(Box::new(cancellation)))))
    }
}
