//! Finds the records in a file: one a line, or anywhere in JSON documents; plain or gzip.

mod document;
mod lines;
mod open;
mod shape;
mod utf8;

use std::io::{BufRead, Cursor, Read};
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use open::{File, open};

use super::record::{Place, Record};
use shape::Shape;

/// Takes the records one after the other; an error ends the reading.
pub type Sink<'a> = dyn FnMut(Record) -> Result<(), Stopped> + 'a;

/// Nobody takes records any more.
#[derive(Debug)]
pub struct Stopped;

/// Reads all records of a file into `sink`. What cannot be read comes as a rejected record, so that the file ends
/// there and the next one goes on. `now` is the time of notes that nothing dates.
///
/// # Errors
/// When the sink takes no more.
pub fn read(name: &str, file: File, now: DateTime<Utc>, sink: &mut Sink<'_>) -> Result<(), Stopped> {
    let file_name: Arc<str> = name.into();
    let mut source = Source { file: file_name, now, line: 0 };
    let mut input = match open::decode(file) {
        Ok(input) => input,
        Err(error) => return sink(source.unreadable(&error)),
    };
    let mut first = Vec::new();
    loop {
        source.line += 1;
        first.clear();
        match input.read_until(b'\n', &mut first) {
            Ok(0) => return Ok(()),
            Ok(_) if first.trim_ascii().is_empty() => {}
            Ok(_) => break,
            Err(error) => return sink(source.unreadable(&error)),
        }
    }
    let mut second = Vec::new();
    let mut broken = None;
    let shape = match shape::of_line(&first) {
        Shape::Open => {
            broken = input.read_until(b'\n', &mut second).err();
            shape::of_beginning(&second)
        }
        shape => shape,
    };
    let rest = Cursor::new(first).chain(Cursor::new(second)).chain(Broken(broken)).chain(input);
    match shape {
        Shape::Lines => lines::read(&mut source, rest, sink),
        _ => document::read(&source, rest, sink),
    }
}

/// What the records of one file share.
#[derive(Clone)]
struct Source {
    file: Arc<str>,
    now: DateTime<Utc>,
    /// The line at which the reading stands, from 1.
    line: u64,
}

impl Source {
    fn place(&self, line: u64) -> Place {
        Place { file: self.file.clone(), line }
    }

    fn record(&self, line: u64, raw: Vec<u8>) -> Record {
        Record::read(self.place(line), raw, self.now)
    }

    fn unreadable(&self, error: &std::io::Error) -> Record {
        Record::rejected(self.place(self.line), Vec::new(), format!("the file cannot be read any further: {error}"))
    }
}

/// Says again, in its place, that reading failed.
struct Broken(Option<std::io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

impl BufRead for Broken {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.0.take().map_or(Ok(&[]), Err)
    }

    fn consume(&mut self, _: usize) {}
}
