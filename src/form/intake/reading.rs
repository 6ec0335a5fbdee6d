//! Reads the files in a thread of its own, concurrently with the work on the database, and delivers the records in
//! batches.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::room::{Room, Taken};
use crate::form::input::{self, File, Limits, Stopped};
use crate::form::record::{Raw, Record};

/// Maximum number of records per batch, and maximum number of bytes: enough to be worth a commit, and small enough to
/// fit into memory a few times.
const RECORDS: usize = 200;
const BYTES: usize = 4 << 20;

/// Records that are written together, and the memory that they take.
pub struct Batch {
    pub records: Vec<Record>,
    /// Released when the records have been written.
    pub room: Vec<Taken>,
}

/// Starts reading. The thread ends with the files, or when the receiver is dropped. It does not belong to the runtime,
/// which would wait at shutdown for a standard input that is never closed.
///
/// # Errors
/// When the thread cannot be started.
pub fn start(files: Vec<(String, File)>, limits: Limits, now: DateTime<Utc>) -> std::io::Result<Receiver<Batch>> {
    // Only one batch waits while another is written, as records may take many megabytes.
    let (sender, receiver) = channel(1);
    std::thread::Builder::new().name("reading".to_owned()).spawn(move || {
        let mut reading =
            Reading { records: Vec::new(), taken: Vec::new(), bytes: 0, room: Arc::default(), limits, now, sender };
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
    taken: Vec<Taken>,
    bytes: usize,
    room: Arc<Room>,
    limits: Limits,
    now: DateTime<Utc>,
    sender: Sender<Batch>,
}

impl Reading {
    fn add(&mut self, raw: Raw) -> Result<(), Stopped> {
        let size = raw.size();
        // Send what waits here first, as its room becomes free only when it is written.
        if !self.room.has(size) {
            self.send()?;
        }
        self.taken.push(self.room.take(size));
        self.bytes += raw.bytes.len();
        self.records.push(Record::read(raw, self.limits.values, self.now));
        if self.records.len() >= RECORDS || self.bytes >= BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Stopped> {
        if self.records.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let batch = Batch { records: std::mem::take(&mut self.records), room: std::mem::take(&mut self.taken) };
        self.sender.blocking_send(batch).map_err(|_| Stopped)
    }
}
