//! One record a line; a bad line is one rejected record.

use std::io::BufRead;

use serde::de::IgnoredAny;

use super::shape::is_envelope;
use super::{Sink, Source, Stopped, document};
use crate::form::reader::explain;
use crate::form::record::Record;

pub fn read(source: &mut Source, mut input: impl BufRead, sink: &mut Sink<'_>) -> Result<(), Stopped> {
    let mut line = Vec::new();
    // The reading starts with the first line that is not empty, whose number is known.
    for number in source.line.. {
        source.line = number;
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return sink(source.unreadable(&error)),
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if !text.starts_with(b"[") && !is_envelope(text) {
            sink(source.record(number, text.to_vec()))?;
        } else if let Err(error) = serde_json::from_slice::<IgnoredAny>(text) {
            let reason = format!("this is no valid JSON ({})", explain(&error));
            sink(Record::rejected(source.place(number), text.to_vec(), reason))?;
        } else {
            // A page of records on one line.
            document::read(source, text, sink)?;
        }
    }
    Ok(())
}
