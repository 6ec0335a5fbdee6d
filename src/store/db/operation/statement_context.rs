//! The principal of a handle's statements, and the connections that they share.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, Semaphore};

use crate::meter::Meter;
use crate::scheduling::{Principal, TokenKey};
use crate::store::db::pool::PooledConnection;
use crate::store::db::statement::{CancelSignal, StatementMeter};
use crate::store::db::stopwatch::{Stopwatch, millis};

/// How many reads of one operation wait for connections, or run, at once. The others start as these end, so that the
/// operation can be stopped between them and does not queue hundreds of times.
const AT_ONCE: usize = 4;

/// How long reads of an operation fail at once after one of them timed out waiting for a connection.
const REFUSED: Duration = Duration::from_secs(1);

/// When a read of the operation last timed out waiting for a connection.
#[derive(Debug)]
pub(in crate::store::db) struct Refused {
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
pub(in crate::store::db) struct StatementContext {
    pub principal: Principal,
    pub meter: StatementMeter,
    /// Wakes whoever waits for a commit.
    pub committed: Arc<Notify>,
    /// How many transactions hold connections of the pool that reads use, too.
    pub transactions: AtomicU32,
    /// A read took too long for a reserved connection, so that the next ones use ordinary ones.
    pub is_long: AtomicBool,
    /// The connection that concurrent reads share.
    pub shared: Mutex<Weak<PooledConnection>>,
    pub refused: Refused,
    /// Limits how many reads run or wait at once.
    pub places: Semaphore,
}

impl StatementContext {
    /// The scope of the process itself, without limits.
    pub fn of_process(committed: Arc<Notify>) -> Self {
        Self::new(Principal::Process, StatementMeter::default(), committed)
    }

    pub fn of(operation: OperationContext, committed: Arc<Notify>) -> Self {
        let OperationContext { token, meter, stop } = operation;
        Self::new(Principal::Token(token), StatementMeter::new(meter, stop), committed)
    }

    fn new(principal: Principal, meter: StatementMeter, committed: Arc<Notify>) -> Self {
        Self {
            principal,
            meter,
            committed,
            transactions: AtomicU32::new(0),
            is_long: AtomicBool::new(false),
            shared: Mutex::default(),
            refused: Refused::default(),
            places: Semaphore::new(AT_ONCE),
        }
    }
}
