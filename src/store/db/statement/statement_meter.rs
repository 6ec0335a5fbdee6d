//! Measures what the statements of an operation use, and keeps why they are cancelled.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::meter::{LimitExceeded, Meter};

/// Reports statements to the meter of an operation, which can stop them. The default one belongs to the process itself,
/// and neither measures nor stops anything.
#[derive(Debug, Default)]
pub(in crate::store::db) struct StatementMeter {
    meter: Option<Arc<Meter>>,
    stop: CancelSignal,
}

impl StatementMeter {
    pub fn new(meter: Arc<Meter>, stop: CancelSignal) -> Self {
        Self { meter: Some(meter), stop }
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
            Self::Abandoned => f.write_str("the client no longer waits for the response"),
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
