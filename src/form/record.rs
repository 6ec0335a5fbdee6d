//! One record of a file: where it is, as it was written, and as a note.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::billing;
use super::note::{self, Note};
use super::object::Object;
use super::reader::{Reject, explain};
use crate::json::{self, ValueLimit};

/// Where a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As named on the command line.
    pub file: Arc<str>,
    /// From 1; of the record's first character.
    pub line: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A record on its way in.
#[derive(Debug)]
pub struct Record {
    pub place: Place,
    /// As it was written, whatever that is.
    pub raw: Vec<u8>,
    pub note: Result<Box<Note>, Reject>,
}

impl Record {
    /// Reads the note; `now` is the time of one that nothing dates.
    pub fn read(place: Place, raw: Vec<u8>, now: DateTime<Utc>) -> Self {
        let note = read(&raw, now).map(Box::new);
        Self { place, raw, note }
    }

    pub fn rejected(place: Place, raw: Vec<u8>, reason: Reject) -> Self {
        Self { place, raw, note: Err(reason) }
    }
}

fn read(raw: &[u8], now: DateTime<Utc>) -> Result<Note, Reject> {
    let text = std::str::from_utf8(raw).map_err(|error| format!("this is no UTF-8 ({error})"))?;
    if !text.trim_start().starts_with('{') {
        return Err("this is no JSON object".to_owned());
    }
    let object = Object::parse(text).map_err(|error| format!("this is no valid JSON ({})", explain(&error)))?;
    if text.contains("\\ud") || text.contains("\\uD") {
        // Values are read one by one, and unknown ones not at all: half a surrogate pair must not get through.
        json::check(text, &ValueLimit::none())
            .map_err(|error| format!("a text in it is broken ({})", explain(&error)))?;
    }
    if billing::is_billing(&object) {
        return note::read(billing::translate(&object)?, false, now);
    }
    note::read(object, true, now)
}
