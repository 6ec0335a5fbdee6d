//! Reads the files beside the work on the database, in a thread of its own, and hands the records on in batches.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::room::{Room, Taken};
use crate::form::input::{self, File, Limits, Stopped};
use crate::form::record::{Raw, Record};

/// The most records of a batch, and the most bytes: a transaction should be worth its end, and a batch fit into memory
/// a few times over.
const RECORDS: usize = 200;
const BYTES: usize = 4 << 20;

/// Records that are written together, and the memory that they take.
pub struct Batch {
    pub records: Vec<Record>,
    /// Given back when the records have been written.
    pub room: Vec<Taken>,
}

/// Starts reading; the thread ends with the files, or when nobody receives any more. It is none of the runtime's, as
/// that would wait at its end for a standard input that is never closed.
///
/// # Errors
/// When there is no thread to be had.
pub fn start(files: Vec<(String, File)>, limits: Limits, now: DateTime<Utc>) -> std::io::Result<Receiver<Batch>> {
    // One batch waits while another is written: records may be of many megabytes.
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
        // What waits here has to go on its way first: room comes free when it was written.
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
