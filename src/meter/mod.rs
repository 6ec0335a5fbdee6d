//! Measures what an operation uses while it runs.
//!
//! The query cost estimates an operation by the shape of its document before it runs. The actual cost depends on stored
//! data: a [`Meter`] counts the time of its statements, its CPU time, the rows and bytes that it reads, and the bytes
//! of its response, and stops the operation if it exceeds [`OperationLimits`]. The memory that it holds comes from a
//! [`MemoryPool`] that all operations share.
//!
//! One point of cost is one microsecond of work, of a CPU of this server or of a database connection.

mod limit_exceeded;
mod limits;
mod memory;
mod usage;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use limit_exceeded::LimitExceeded;
pub use limits::OperationLimits;
pub use memory::{MemoryLimits, MemoryPool, MemoryReservation, TokenMemory};
pub use usage::OperationUsage;

use breadth::{ChangeCount, MutationProgress};

use crate::scheduling::watchdog;

/// Memory that a row takes in addition to the bytes of its columns.
const ROW_BYTES: u64 = 200;

/// Responses with more bytes of rows than this take milliseconds to write.
const LARGE_ROWS: u64 = 1 << 20;
/// So do responses with more values than this.
const LARGE_VALUES: u64 = 20_000;

/// Counts what one operation uses; shared by all tasks that work for it. Counting never waits.
#[derive(Debug)]
pub struct Meter {
    limits: OperationLimits,
    memory: TokenMemory,
    /// Time in the database, in microseconds.
    database: AtomicU64,
    /// CPU time of this process, in microseconds.
    cpu: AtomicU64,
    statements: AtomicU64,
    rows: AtomicU64,
    row_bytes: AtomicU64,
    /// Instructions of `SQLite`'s virtual machine.
    steps: AtomicU64,
    values: AtomicU64,
    /// Values that the response will contain, as far as known.
    planned_values: AtomicU64,
    /// Bytes of rows that are reserved in the memory pool.
    held_rows: AtomicU64,
    /// Bytes of the response that are reserved in the memory pool.
    held_answer: AtomicU64,
    /// Number of committed changes.
    changes: AtomicU64,
    /// Number of changes whose commit is in doubt, because the database did not confirm it.
    doubtful_changes: AtomicU64,
    /// The results of a mutation so far.
    progress: MutationProgress,
}

impl Meter {
    /// A meter that takes its memory from the account of the operation's token.
    pub fn new(limits: OperationLimits, memory: TokenMemory) -> Arc<Self> {
        Arc::new(Self {
            limits,
            memory,
            database: AtomicU64::new(0),
            cpu: AtomicU64::new(0),
            statements: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            row_bytes: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            values: AtomicU64::new(0),
            planned_values: AtomicU64::new(0),
            held_rows: AtomicU64::new(0),
            held_answer: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            doubtful_changes: AtomicU64::new(0),
            progress: MutationProgress::default(),
        })
    }

    /// A meter without limits, for work that no client requested.
    pub fn unlimited() -> Arc<Self> {
        Self::new(OperationLimits::UNLIMITED, MemoryPool::new(MemoryLimits::UNLIMITED).token(()))
    }

    /// Whether writing the response takes milliseconds, as far as can be known in advance.
    pub fn is_large(&self) -> bool {
        self.held_rows.load(Ordering::Relaxed) > LARGE_ROWS
            || self.planned_values.load(Ordering::Relaxed) > LARGE_VALUES
    }

    /// Counts a committed change.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a change whose commit is in doubt.
    pub fn count_uncertain_change(&self) {
        self.doubtful_changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the operation may be sent again as if it had not been sent. If a commit is in doubt, it may be sent
    /// again with its `idempotencyKey`, and `extensions.changed` says so.
    pub fn is_retryable(&self) -> bool {
        self.changes().made == 0
    }

    /// Numbers of committed and doubtful changes.
    pub fn changes(&self) -> ChangeCount {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ChangeCount { made: get(&self.changes), unknown: get(&self.doubtful_changes) }
    }

    /// The results of a mutation so far.
    pub fn progress(&self) -> &MutationProgress {
        &self.progress
    }

    /// Counts time that a running statement has taken so far.
    pub fn database(&self, took: Duration) {
        self.database.fetch_add(micros(took), Ordering::Relaxed);
    }

    /// Counts a finished statement, with the rows and bytes it returned. `took` excludes time that was counted by
    /// [`Self::database`].
    pub fn statement(&self, took: Duration, rows: u64, bytes: u64) {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.database(took);
        self.count_rows(rows, bytes);
    }

    /// Counts rows of a running statement, and reserves memory for them.
    ///
    /// # Errors
    /// See [`Self::reserve_rows`].
    pub fn rows(&self, rows: u64, bytes: u64) -> Result<(), LimitExceeded> {
        self.count_rows(rows, bytes);
        self.reserve_rows(bytes.saturating_add(rows.saturating_mul(ROW_BYTES)))
    }

    fn count_rows(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.row_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts instructions that `SQLite`'s virtual machine has executed.
    pub fn steps(&self, steps: u64) {
        self.steps.fetch_add(steps, Ordering::Relaxed);
    }

    /// Counts CPU time that a thread of this process spent on the operation.
    pub fn cpu(&self, took: Duration) {
        self.cpu.fetch_add(micros(took), Ordering::Relaxed);
    }

    /// Time that the operation may still spend in the database; cancel a statement that runs longer.
    pub fn database_left(&self) -> Duration {
        self.limits.database.saturating_sub(Duration::from_micros(self.database.load(Ordering::Relaxed)))
    }

    /// Reserves memory for rows. It is released with the meter, or by [`Self::release_rows`].
    ///
    /// # Errors
    /// `TOO_COMPLEX` if the operation exceeds the limit of its token, `RATE_LIMITED` if the token does together with
    /// its other operations, `UNAVAILABLE` if all operations together exceed theirs.
    pub fn reserve_rows(&self, bytes: u64) -> Result<(), LimitExceeded> {
        self.memory.take(self.held(), bytes)?;
        self.held_rows.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Reserves memory for a part of the response. It is released with the meter, which stays with the response until
    /// the client has read it.
    ///
    /// # Errors
    /// See [`Self::reserve_rows`]; also `TOO_COMPLEX` if the response exceeds the maximum size.
    pub fn reserve_response(&self, bytes: u64) -> Result<(), LimitExceeded> {
        let answer = self.held_answer.load(Ordering::Relaxed).saturating_add(bytes);
        if answer > self.limits.answer_bytes {
            let most = self.limits.answer_bytes;
            let made = if self.is_retryable() { "" } else { " Changes were made nevertheless." };
            return Err(LimitExceeded::TooComplex(format!(
                "The response is larger than {most} bytes; request fewer records or fields.{made}"
            )));
        }
        self.memory.take(self.held(), bytes)?;
        self.held_answer.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Counts the whole response, part of which [`Self::reserve_response`] may have counted already.
    pub fn answered(&self, bytes: u64) {
        let more = bytes.saturating_sub(self.held_answer.load(Ordering::Relaxed));
        if more > 0 {
            self.memory.count(more);
            self.held_answer.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Releases the memory of rows, once the response has been written.
    pub fn release_rows(&self) {
        self.memory.give_back(self.held_rows.swap(0, Ordering::Relaxed));
    }

    /// Counts values written to the response.
    ///
    /// # Errors
    /// `TOO_COMPLEX` if there are more than a response may contain.
    pub fn write_values(&self, count: u64) -> Result<(), LimitExceeded> {
        self.count_values(&self.values, count)
    }

    /// Counts values before they are written, so that nothing more is read or built for a response that cannot be
    /// written.
    ///
    /// # Errors
    /// See [`Self::write_values`].
    pub fn plan_values(&self, count: u64) -> Result<(), LimitExceeded> {
        self.count_values(&self.planned_values, count)
    }

    fn count_values(&self, counter: &AtomicU64, count: u64) -> Result<(), LimitExceeded> {
        let values = counter.fetch_add(count, Ordering::Relaxed).saturating_add(count);
        if values > self.limits.values {
            let most = self.limits.values;
            return Err(LimitExceeded::TooComplex(format!(
                "The response contains more than {most} values; request smaller pages, or nest fewer of them."
            )));
        }
        Ok(())
    }

    /// Checks the time limits. Called between waves, rows and buffers.
    ///
    /// # Errors
    /// `TOO_COMPLEX` if the operation has used more time than allowed.
    pub fn check(&self) -> Result<(), LimitExceeded> {
        self.cpu(watchdog::take_cpu_time());
        let spent = |counter: &AtomicU64| Duration::from_micros(counter.load(Ordering::Relaxed));
        if spent(&self.database) >= self.limits.database {
            return Err(too_long("in the database", self.limits.database));
        }
        if spent(&self.cpu) >= self.limits.cpu {
            return Err(too_long("of CPU time", self.limits.cpu));
        }
        Ok(())
    }

    /// The usage so far. Call it while polling the operation, as it adds the CPU time of the current poll.
    pub fn usage(&self) -> OperationUsage {
        self.cpu(watchdog::take_cpu_time());
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        OperationUsage {
            database: Duration::from_micros(get(&self.database)),
            cpu: Duration::from_micros(get(&self.cpu)),
            statements: get(&self.statements),
            rows: get(&self.rows),
            row_bytes: get(&self.row_bytes),
            steps: get(&self.steps),
            values: get(&self.values),
            answer_bytes: get(&self.held_answer),
        }
    }

    fn held(&self) -> u64 {
        self.held_rows.load(Ordering::Relaxed).saturating_add(self.held_answer.load(Ordering::Relaxed))
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.memory.give_back(self.held());
    }
}

fn too_long(what: &str, most: Duration) -> LimitExceeded {
    let most = most.as_millis();
    LimitExceeded::TooComplex(format!("The operation takes more than {most} ms {what}; request less at once."))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(limits: OperationLimits, memory: MemoryLimits) -> Arc<Meter> {
        Meter::new(limits, MemoryPool::new(memory).token("token"))
    }

    #[test]
    fn an_operation_stops_at_each_of_its_limits() {
        let limits = OperationLimits {
            database: Duration::from_millis(10),
            cpu: Duration::from_millis(5),
            answer_bytes: 1_000,
            values: 100,
        };
        let meter = || meter(limits, MemoryLimits::UNLIMITED);
        let code = |result: Result<(), LimitExceeded>| result.err().map(|error| error.code());

        let database = meter();
        database.statement(Duration::from_millis(9), 3, 30);
        assert_eq!(code(database.check()), None);
        assert_eq!(database.database_left(), Duration::from_millis(1));
        database.statement(Duration::from_millis(1), 0, 0);
        assert_eq!(code(database.check()), Some("TOO_COMPLEX"));

        let cpu = meter();
        cpu.cpu(Duration::from_millis(5));
        assert_eq!(code(cpu.check()), Some("TOO_COMPLEX"));

        let answer = meter();
        assert_eq!(code(answer.reserve_response(1_000)), None);
        assert_eq!(code(answer.reserve_response(1)), Some("TOO_COMPLEX"));
        assert_eq!(code(answer.write_values(100)), None);
        assert_eq!(code(answer.write_values(1)), Some("TOO_COMPLEX"));
        assert_eq!((answer.usage().answer_bytes, answer.usage().values), (1_000, 101));
    }

    #[test]
    fn memory_is_released_with_the_meter() {
        let pool = MemoryPool::new(MemoryLimits { process: 4 << 20, token: 1 << 20 });
        let meter = Meter::new(OperationLimits::UNLIMITED, pool.token("token"));
        meter.reserve_rows(700_000).unwrap();
        meter.reserve_response(300_000).unwrap();
        assert_eq!(pool.used(), 1_000_000);
        meter.release_rows();
        assert_eq!(pool.used(), 300_000);
        drop(meter);
        assert_eq!(pool.used(), 0);
    }
}
