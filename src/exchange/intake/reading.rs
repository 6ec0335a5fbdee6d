//! Reads the files in a thread of its own, concurrently with the work on the database, and delivers the records in
//! batches.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::room::{MemoryBudget, MemoryPermit};
use crate::exchange::input::{self, File, RecordLimits, Stopped};
use crate::exchange::record::{Raw, Record};

/// Maximum number of records per batch, and maximum number of bytes: enough to be worth a commit, and small enough to
/// fit into memory a few times.
const RECORDS: usize = 200;
const BYTES: usize = 4 << 20;

/// Records that are written together, and the memory that they take.
pub struct RecordBatch {
    pub records: Vec<Record>,
    /// Released when the records have been written.
    pub permits: Vec<MemoryPermit>,
}

/// Starts reading. The thread ends with the files, or when the receiver is dropped. It does not belong to the runtime,
/// which would wait at shutdown for a standard input that is never closed.
///
/// # Errors
/// When the thread cannot be started.
pub fn start(
    files: Vec<(String, File)>,
    limits: RecordLimits,
    now: DateTime<Utc>,
) -> std::io::Result<Receiver<RecordBatch>> {
    // Only one batch waits while another is written, as records may take many megabytes.
    let (sender, receiver) = channel(1);
    std::thread::Builder::new().name("reading".to_owned()).spawn(move || {
        let mut reading =
            Reading { records: Vec::new(), permits: Vec::new(), bytes: 0, budget: Arc::default(), limits, now, sender };
        for (name, file) in files {
            if input::read(&name, file, limits, &mut |raw| reading.add(raw)).is_err() {
                return;
            }
        }
        let _ = reading.send();
    })?;
    Ok(receiver)
}

struct Reading {
    records: Vec<Record>,
    permits: Vec<MemoryPermit>,
    bytes: usize,
    budget: Arc<MemoryBudget>,
    limits: RecordLimits,
    now: DateTime<Utc>,
    sender: Sender<RecordBatch>,
}

impl Reading {
    fn add(&mut self, raw: Raw) -> Result<(), Stopped> {
        let size = raw.size();
        // Send what waits here first, as its room becomes free only when it is written.
        if !self.budget.has(size) {
            self.send()?;
        }
        self.permits.push(self.budget.take(size));
        self.bytes += raw.bytes.len();
        self.records.push(Record::read(raw, self.limits.values, self.now));
        if self.records.len() >= RECORDS || self.bytes >= BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Stopped> {
        if self.records.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let batch =
            RecordBatch { records: std::mem::take(&mut self.records), permits: std::mem::take(&mut self.permits) };
        self.sender.blocking_send(batch).map_err(|_| Stopped)
    }
}
