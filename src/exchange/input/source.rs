//! The properties that the records of a file share, and their receiver.

use std::sync::Arc;

use crate::exchange::reader::Reject;
use crate::exchange::record::{Raw, RecordLocation};

/// Limits on the size of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Maximum length of its JSON in bytes, without the white space around it.
    pub bytes: usize,
    /// Maximum number of JSON values in it: texts, numbers, lists, objects.
    pub values: usize,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self { bytes: 16 << 20, values: 100_000 }
    }
}

/// Receives the records one after the other; an error ends reading.
pub type Sink<'a> = dyn FnMut(Raw) -> Result<(), Stopped> + 'a;

/// The receiver accepts no more records.
#[derive(Debug)]
pub struct Stopped;

/// The properties that the records of a file share.
#[derive(Clone)]
pub struct Source {
    pub file: Arc<str>,
    pub limits: RecordLimits,
    /// The current line, from 1.
    pub line: u64,
}

impl Source {
    pub fn location(&self, line: u64) -> RecordLocation {
        RecordLocation { file: self.file.clone(), line }
    }

    pub fn raw(&self, line: u64, bytes: Vec<u8>) -> Raw {
        Raw { location: self.location(line), bytes, problem: None }
    }

    pub fn rejected(&self, line: u64, bytes: Vec<u8>, reason: Reject) -> Raw {
        Raw { location: self.location(line), bytes, problem: Some(reason) }
    }

    pub fn unreadable(&self, error: &std::io::Error) -> Raw {
        self.rejected(self.line, Vec::new(), format!("cannot read the rest of the file: {error}"))
    }
}
