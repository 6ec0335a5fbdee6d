use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::connection::Connection;
use crate::db::stopwatch::Stopwatch;
use crate::fair::{LongTurns, Permit};

/// A connection that was taken, until this is dropped and nothing runs on it any more.
#[derive(Debug)]
pub struct Lease {
    connection: Connection,
    /// Absent only while it is dropped.
    permit: Option<Permit>,
    /// What its use is counted in, where it is.
    turns: Option<LongTurns>,
    /// How many uses were begun, and not ended.
    uses: AtomicU32,
    /// How many statements run on it, one after the other.
    running: AtomicU32,
    watch: Stopwatch,
    /// Up to when the time of its statements was told, by `watch`, in microseconds.
    told: AtomicU64,
}

/// Something that is done on a connection: a statement, or a transaction.
///
/// Where this is dropped without [`Self::end`], the future that did it was dropped: it may run on in the database.
#[must_use]
pub struct Use<'a>(&'a Lease);

impl Lease {
    pub(super) fn new(connection: Connection, permit: Permit, turns: Option<LongTurns>) -> Self {
        Self {
            connection,
            permit: Some(permit),
            turns,
            uses: AtomicU32::new(0),
            running: AtomicU32::new(0),
            watch: Stopwatch::start(),
            told: AtomicU64::new(0),
        }
    }

    /// What its use is counted in.
    pub fn turns(&self) -> Option<&LongTurns> {
        self.turns.as_ref()
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether it is a reserved connection, which nobody may use for long.
    pub fn is_reserved(&self) -> bool {
        self.permit.as_ref().is_some_and(Permit::is_reserved)
    }

    /// A statement begins. Its time counts from now, or from when those before it have ended.
    pub fn begin_statement(&self) {
        if self.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.take_time();
        }
    }

    pub fn end_statement(&self) {
        self.running.fetch_sub(1, Ordering::AcqRel);
    }

    /// How long statements have run since this was asked for last.
    pub fn take_time(&self) -> Duration {
        let now = self.watch.micros();
        Duration::from_micros(now.saturating_sub(self.told.swap(now, Ordering::AcqRel)))
    }

    pub fn begin(&self) -> Use<'_> {
        self.hold();
        Use(self)
    }

    /// Begins a use that [`Self::end`] ends.
    pub fn hold(&self) {
        self.uses.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether something was left in the middle of it, beside a transaction.
    pub fn is_left(&self) -> bool {
        self.uses.load(Ordering::Relaxed) > 1
    }

    pub fn end(&self) {
        self.uses.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Use<'_> {
    pub fn end(self) {
        self.0.end();
    }
}

impl Drop for Lease {
    /// A connection on which something may still run is given to nobody before that has ended.
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        if self.uses.load(Ordering::Relaxed) == 0 {
            return;
        }
        // Where the runtime ends, everything does.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let connection = self.connection.clone();
            runtime.spawn(async move {
                connection.recover().await;
                drop(permit);
            });
        }
    }
}
