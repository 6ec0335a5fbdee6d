//! Reads lines into limited memory.

use std::io::{BufRead, ErrorKind};

/// How much of a line was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The whole line, which may be empty.
    Whole,
    /// The line is longer than the limit; only its start was kept, and the rest was skipped.
    TooLong,
    /// There are no more lines.
    None,
}

/// A line that is too long is skipped up to this many times the limit; after that, reading fails.
const PASSED_OVER: usize = 64;

/// Reads the next line into `line`, without leading and trailing white space. Leading white space does not count
/// towards the limit.
///
/// # Errors
/// When reading fails, or the line does not end within 64 times the limit.
pub fn read(input: &mut impl BufRead, limit: usize, line: &mut Vec<u8>) -> std::io::Result<Line> {
    line.clear();
    let (mut found, mut too_long, mut length) = (Line::None, false, 0_usize);
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            break;
        }
        found = Line::Whole;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let mut part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or(buffer);
        if line.is_empty() {
            part = part.trim_ascii_start();
        }
        let room = limit - line.len();
        too_long |= part.len() > room;
        line.extend_from_slice(part.get(..room).unwrap_or(part));
        let taken = end.map_or(buffer.len(), |end| end + 1);
        input.consume(taken);
        if end.is_some() {
            break;
        }
        length = length.saturating_add(taken);
        if length > limit.saturating_mul(PASSED_OVER) {
            return Err(std::io::Error::other(format!("a line is longer than {length} bytes")));
        }
    }
    line.truncate(line.trim_ascii_end().len());
    Ok(if too_long { Line::TooLong } else { found })
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(text: &str, limit: usize, buffer: usize) -> Vec<(Line, String)> {
        let mut input = BufReader::with_capacity(buffer, text.as_bytes());
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        loop {
            match read(&mut input, limit, &mut line).unwrap() {
                Line::None => return lines,
                found => lines.push((found, String::from_utf8(line.clone()).unwrap())),
            }
        }
    }

    #[test]
    fn lines_are_cut_at_the_limit() {
        for buffer in 1..20 {
            let found = lines("  abc\r\n\n \t\nabcd\nabc  \nf", 4, buffer);
            let expected = [
                (Line::Whole, "abc"),
                (Line::Whole, ""),
                (Line::Whole, ""),
                (Line::Whole, "abcd"),
                (Line::TooLong, "abc"),
                (Line::Whole, "f"),
            ];
            assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())), "buffer of {buffer}");
        }
    }

    #[test]
    fn reading_stops_in_an_endless_line() {
        for byte in *b" x" {
            let mut endless = BufReader::new(std::io::repeat(byte));
            assert!(read(&mut endless, 100, &mut Vec::new()).is_err());
        }
    }

    #[test]
    fn bytes_beyond_the_limit_are_not_stored() {
        let long = format!("{}\n{}x\n", " ".repeat(1 << 20), "x".repeat(1 << 20));
        let mut input = BufReader::new(long.as_bytes());
        let mut line = Vec::new();
        assert_eq!(read(&mut input, 20_000, &mut line).unwrap(), Line::Whole);
        assert!(line.capacity() < 1_000);
        assert_eq!(read(&mut input, 20_000, &mut line).unwrap(), Line::TooLong);
        assert!(line.capacity() < 100_000);
    }
}
