//! Finds the records in a file, plain or gzip: one per line, or anywhere in JSON documents. At most one record of each
//! file is held in memory, and of that no more than the limit.

mod document;
mod line;
mod lines;
mod open;
mod shape;
mod source;
mod utf8;

use std::io::{BufRead, Cursor, ErrorKind, Read};

pub use open::{File, open};
pub use source::{RecordLimits, Sink, Stopped};

use shape::FileFormat;
use source::Source;

/// Reads all records of a file into `sink`. If the file cannot be read any further, the sink receives a rejected record
/// that says so; other files are not affected.
///
/// # Errors
/// When the sink accepts no more records.
pub fn read(name: &str, file: File, limits: RecordLimits, sink: &mut Sink<'_>) -> Result<(), Stopped> {
    let mut source = Source { file: name.into(), limits, line: 1 };
    let mut input = match open::decode(file) {
        Ok(input) => input,
        Err(error) => return sink(source.unreadable(&error)),
    };
    let begin = match skip_blanks(&mut input, &mut source.line) {
        Ok(Some(begin)) => begin,
        Ok(None) => return Ok(()),
        Err(error) => return sink(source.unreadable(&error)),
    };
    if begin == b'[' {
        // An array may be one line of any length.
        return document::read(&source, input, sink);
    }
    let mut beginning = Vec::new();
    let (shape, broken) = shape_of(&mut input, limits.bytes as u64, &mut beginning);
    let rest = Cursor::new(beginning).chain(Broken(broken)).chain(input);
    match shape {
        FileFormat::Lines => lines::read(&mut source, rest, sink),
        _ => document::read(&source, rest, sink),
    }
}

/// Skips white space and counts its lines; returns the next byte, or `None` at the end of the file.
fn skip_blanks(input: &mut impl BufRead, line: &mut u64) -> std::io::Result<Option<u8>> {
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(None);
        }
        let rest = buffer.trim_ascii_start();
        let blanks = buffer.len() - rest.len();
        let begin = rest.first().copied();
        *line += buffer.iter().take(blanks).map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        input.consume(blanks);
        if begin.is_some() {
            return Ok(begin);
        }
    }
}

/// Determines the shape by the first line, and by the second if the first ends inside a value. Reads at most `limit`
/// bytes of each and appends them to `beginning`, to be read again. Also returns the error if reading failed.
fn shape_of(input: &mut impl BufRead, limit: u64, beginning: &mut Vec<u8>) -> (FileFormat, Option<std::io::Error>) {
    if let Err(error) = input.take(limit).read_until(b'\n', beginning) {
        return (FileFormat::Lines, Some(error));
    }
    match shape::of_line(beginning) {
        // The limit has cut off a line that is too long.
        FileFormat::Open if !beginning.ends_with(b"\n") && beginning.len() as u64 == limit => (FileFormat::Lines, None),
        FileFormat::Open => {
            let mut second = Vec::new();
            let broken = input.take(limit).read_until(b'\n', &mut second).err();
            let shape = shape::of_beginning(&second);
            beginning.append(&mut second);
            (shape, broken)
        }
        shape => (shape, None),
    }
}

/// Repeats an earlier read error at its place in the input.
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
