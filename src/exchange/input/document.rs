//! Reads JSON documents that span lines: arrays of records, API responses that contain records, and single records, one
//! after the other. Documents are never held in memory as a whole: each record is passed on as soon as it ends.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{BufRead, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::value::RawValue;

use super::source::{Sink, Source, Stopped};
use super::utf8::Utf8;
use crate::exchange::reader::explain;
use crate::json::object::RawObject;

pub fn read(source: &Source, input: impl BufRead, sink: &mut Sink<'_>) -> Result<(), Stopped> {
    let line = Rc::new(Cell::new(source.line));
    let no_text = Rc::new(Cell::new(0));
    let left = Rc::new(Cell::new(source.limits.bytes));
    let broken: Rc<Cell<Option<std::io::Error>>> = Rc::default();
    let counted = Counted {
        input: Utf8::new(input, no_text.clone()),
        line: line.clone(),
        left: left.clone(),
        limit: source.limits.bytes,
        broken: broken.clone(),
    };
    let walk = Walk {
        source,
        line: &line,
        left: &left,
        broken: &broken,
        no_text: &no_text,
        no_text_before: Cell::new(0),
        sink: RefCell::new(sink),
        stopped: Cell::new(false),
    };
    let mut documents = serde_json::Deserializer::from_reader(counted);
    let result = loop {
        // Stop if only white space is left.
        match documents.end() {
            Ok(()) => break Ok(()),
            Err(error) if error.is_io() => break Err(error),
            Err(_) => {}
        }
        if let Err(error) = (Place { walk: &walk, what: What::Anything }).deserialize(&mut documents) {
            break Err(error);
        }
        left.set(source.limits.bytes);
    };
    if walk.stopped.get() {
        return Err(Stopped);
    }
    let Err(error) = result else { return Ok(()) };
    let reason = match broken.take() {
        Some(error) => format!("cannot read the rest of the file: {error}"),
        None => format!("this is not valid JSON ({}), so the rest of the file cannot be read", explain(&error)),
    };
    (walk.sink.into_inner())(walk.source.rejected(line.get(), Vec::new(), reason))
}

/// Counts the lines that the parser has read, and limits what it reads for one record, as the parser buffers a whole
/// record. The parser reads single bytes, and at most one ahead.
struct Counted<R> {
    input: R,
    line: Rc<Cell<u64>>,
    /// Bytes that may be read until the next record ends, including white space and what is around records.
    left: Rc<Cell<usize>>,
    limit: usize,
    broken: Rc<Cell<Option<std::io::Error>>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(left) = self.left.get().checked_sub(buffer.len()) else {
            let limit = self.limit;
            let reason = format!("a record is longer than {limit} bytes, the most that --record-limit allows");
            self.broken.set(Some(std::io::Error::other(reason)));
            return Err(std::io::ErrorKind::FileTooLarge.into());
        };
        match self.input.read(buffer) {
            Ok(length) => {
                self.left.set(left + buffer.len() - length);
                let ends: u64 = buffer[..length].iter().map(|byte| u64::from(*byte == b'\n')).sum();
                self.line.set(self.line.get() + ends);
                Ok(length)
            }
            Err(error) => {
                let kind = error.kind();
                if kind != std::io::ErrorKind::Interrupted {
                    self.broken.set(Some(error));
                }
                Err(kind.into())
            }
        }
    }
}

struct Walk<'a, 'b> {
    source: &'a Source,
    line: &'a Cell<u64>,
    left: &'a Cell<usize>,
    broken: &'a Cell<Option<std::io::Error>>,
    /// Number of invalid UTF-8 sequences so far, and at the end of the previous record.
    no_text: &'a Cell<u64>,
    no_text_before: Cell<u64>,
    sink: RefCell<&'a mut Sink<'b>>,
    stopped: Cell<bool>,
}

impl Walk<'_, '_> {
    /// Passes on a record that has just ended.
    fn record<E: serde::de::Error>(&self, text: String) -> Result<(), E> {
        self.left.set(self.source.limits.bytes);
        let lines: u64 = text.bytes().map(|byte| u64::from(byte == b'\n')).sum();
        let line = self.line.get().saturating_sub(lines);
        let record = if self.no_text_before.replace(self.no_text.get()) == self.no_text.get() {
            self.source.raw(line, text.into_bytes())
        } else {
            let reason = "this is not valid UTF-8 (U+FFFD replaces the invalid bytes)".to_owned();
            self.source.rejected(line, text.into_bytes(), reason)
        };
        (self.sink.borrow_mut())(record).map_err(|Stopped| {
            self.stopped.set(true);
            E::custom("stopped")
        })
    }

    /// Checks the number of keys of an object, as each key takes many times the memory of its bytes.
    fn key<E: serde::de::Error>(&self, keys: usize) -> Result<(), E> {
        let most = self.source.limits.values;
        if keys <= most {
            return Ok(());
        }
        let reason = format!("an object has more than {most} keys, the most that --record-values allows");
        self.broken.set(Some(std::io::Error::other(reason)));
        Err(E::custom("too many keys"))
    }
}

/// The text as it was read, without copying it.
fn text(raw: Box<RawValue>) -> String {
    Box::<str>::from(raw).into_string()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// An array of records, an API response, or a record.
    Anything,
    /// An array of records.
    Items,
    /// An object with `items`.
    Results,
}

/// A place in a document that may contain records.
#[derive(Clone, Copy)]
struct Place<'a, 'b, 'c> {
    walk: &'a Walk<'b, 'c>,
    what: What,
}

impl<'de> DeserializeSeed<'de> for Place<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.what {
            What::Anything => "a list of notes, an answer with notes in it, or a note",
            What::Items => "a list of notes",
            What::Results => "an object with items",
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(raw) = elements.next_element::<Box<RawValue>>()? {
            self.walk.record(text(raw))?;
        }
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        // `items: null` counts as an empty list.
        if self.what == What::Anything { Err(E::invalid_type(Unexpected::Unit, &self)) } else { Ok(()) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        if self.what == What::Items {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        let mut object = RawObject::default();
        let mut answer = self.what == What::Results;
        let mut keys = 0;
        while let Some(key) = entries.next_key::<String>()? {
            keys += 1;
            self.walk.key(keys)?;
            let is_record = object.says("id") || object.says("identity");
            match key.as_str() {
                "items" if !is_record => {
                    entries.next_value_seed(Place { what: What::Items, ..self })?;
                    answer = true;
                }
                "pagedResults" | "results" if !is_record && self.what == What::Anything => {
                    entries.next_value_seed(Place { what: What::Results, ..self })?;
                    answer = true;
                }
                "instance" if !is_record && self.what == What::Anything => {
                    let raw = entries.next_value::<Box<RawValue>>()?;
                    self.walk.record(text(raw))?;
                    answer = true;
                }
                _ => {
                    let raw = entries.next_value::<Box<RawValue>>()?;
                    object.put(&key, text(raw));
                }
            }
        }
        if answer { Ok(()) } else { self.walk.record(object.text()) }
    }
}
