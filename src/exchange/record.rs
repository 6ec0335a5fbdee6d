//! One record of a file: its place, its original text, and its note.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::billing;
use super::bounds::{self, Excess, NESTING};
use super::note::{self, ImportedNote};
use super::reader::{Reject, explain};
use crate::json::object::RawObject;
use crate::json::{self, ValueLimit};

/// The place of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordLocation {
    /// The name given on the command line.
    pub file: Arc<str>,
    /// The line of the record's first character, from 1.
    pub line: u64,
}

impl std::fmt::Display for RecordLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A record that was found, but not parsed yet.
#[derive(Debug)]
pub struct Raw {
    pub location: RecordLocation,
    /// The original text; empty if it is not known, or was too long to be kept.
    pub bytes: Vec<u8>,
    /// Why the record is rejected without parsing it.
    pub problem: Option<Reject>,
}

impl Raw {
    /// Estimates the memory in bytes that the record takes until it is written: several copies of its texts, and the
    /// rows and objects that its values become.
    pub fn size(&self) -> usize {
        const TEXTS: usize = 6;
        const VALUE: usize = 400;
        let values = bounds::check(&self.bytes, usize::MAX).unwrap_or_default();
        self.bytes.len() * TEXTS + values * VALUE
    }
}

/// A parsed record.
#[derive(Debug)]
pub struct Record {
    pub location: RecordLocation,
    /// The original text, valid or not.
    pub raw: Vec<u8>,
    pub note: Result<Box<ImportedNote>, Reject>,
}

impl Record {
    /// Parses the note, of at most `most_values` JSON values; `now` is the time of a note without any date.
    pub fn read(raw: Raw, most_values: usize, now: DateTime<Utc>) -> Self {
        let Raw { location, bytes, problem } = raw;
        let note = match problem {
            Some(reason) => Err(reason),
            None => bounded(&bytes, most_values).and_then(|()| read(&bytes, now).map(Box::new)),
        };
        Self { location, raw: bytes, note }
    }
}

/// Checks the limits, as a record of thousands of small values takes many times its bytes when parsed.
fn bounded(raw: &[u8], most_values: usize) -> Result<(), Reject> {
    match bounds::check(raw, most_values) {
        Ok(_) => Ok(()),
        Err(Excess::Nesting) => Err(format!("lists and objects are nested more than {NESTING} levels deep")),
        Err(Excess::Values) => {
            Err(format!("the record has more than {most_values} values, the most that --record-values allows"))
        }
    }
}

fn read(raw: &[u8], now: DateTime<Utc>) -> Result<ImportedNote, Reject> {
    let text = std::str::from_utf8(raw).map_err(|error| format!("this is not valid UTF-8 ({error})"))?;
    if !text.trim_start().starts_with('{') {
        return Err("this is not a JSON object".to_owned());
    }
    let object = RawObject::parse(text).map_err(|error| format!("this is not valid JSON ({})", explain(&error)))?;
    if text.contains("\\ud") || text.contains("\\uD") {
        // Values are parsed one by one, and unknown ones not at all, so check the whole text for half surrogate pairs.
        json::check(text, &ValueLimit::none())
            .map_err(|error| format!("it contains an invalid text ({})", explain(&error)))?;
    }
    if billing::is_billing(&object) {
        return note::read(billing::translate(&object)?, false, now);
    }
    note::read(object, true, now)
}
