//! Reads the files beside the work on the database, in a thread of its own, and hands the records on in batches.

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::form::input::{self, File, Stopped};
use crate::form::record::Record;

/// How many records a batch has at most, and how many bytes: a transaction should be worth its end, and a batch
/// fit into memory a few times over.
const RECORDS: usize = 200;
const BYTES: usize = 4 << 20;

/// Starts reading; the thread ends with the files, or when nobody receives any more. It is none of the runtime's, as
/// that would wait at its end for a standard input that is never closed.
///
/// # Errors
/// When there is no thread to be had.
pub fn start(files: Vec<(String, File)>, now: DateTime<Utc>) -> std::io::Result<Receiver<Vec<Record>>> {
    // One batch waits while another is written: records may be of many megabytes.
    let (sender, receiver) = channel(1);
    std::thread::Builder::new().name("reading".to_owned()).spawn(move || {
        let mut batch = Batch { records: Vec::new(), bytes: 0, sender };
        for (name, file) in files {
            if input::read(&name, file, now, &mut |record| batch.add(record)).is_err() {
                return;
            }
        }
        let _ = batch.send();
    })?;
    Ok(receiver)
}

struct Batch {
    records: Vec<Record>,
    bytes: usize,
    sender: Sender<Vec<Record>>,
}

impl Batch {
    fn add(&mut self, record: Record) -> Result<(), Stopped> {
        self.bytes += record.raw.len();
        self.records.push(record);
        if self.records.len() >= RECORDS || self.bytes >= BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Stopped> {
        self.bytes = 0;
        self.sender.blocking_send(std::mem::take(&mut self.records)).map_err(|_| Stopped)
    }
}
