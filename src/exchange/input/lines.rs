//! Reads files with one record per line. An invalid line is rejected as one record.

use std::io::BufRead;

use serde::de::IgnoredAny;

use super::document;
use super::line::{self, Line};
use super::shape::is_envelope;
use super::source::{Sink, Source, Stopped};
use crate::exchange::reader::explain;

pub fn read(source: &mut Source, mut input: impl BufRead, sink: &mut Sink<'_>) -> Result<(), Stopped> {
    let limit = source.limits.bytes;
    let mut line = Vec::new();
    // Reading starts at the first line that is not empty, whose number is known.
    for number in source.line.. {
        source.line = number;
        match line::read(&mut input, limit, &mut line) {
            Ok(Line::None) => break,
            Ok(Line::Whole) => {}
            Ok(Line::TooLong) => {
                let reason = format!("the line is longer than {limit} bytes, the most that --record-limit allows");
                sink(source.rejected(number, Vec::new(), reason))?;
                continue;
            }
            Err(error) => return sink(source.unreadable(&error)),
        }
        if line.is_empty() {
            continue;
        }
        if !line.starts_with(b"[") && !is_envelope(&line) {
            sink(source.raw(number, std::mem::take(&mut line)))?;
        } else if let Err(error) = serde_json::from_slice::<IgnoredAny>(&line) {
            let reason = format!("this is not valid JSON ({})", explain(&error));
            sink(source.rejected(number, std::mem::take(&mut line), reason))?;
        } else {
            // A page of records on one line.
            document::read(source, line.as_slice(), sink)?;
        }
    }
    Ok(())
}
