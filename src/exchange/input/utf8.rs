use std::cell::Cell;
use std::io::{BufRead, Read};
use std::rc::Rc;

/// Reader that returns valid UTF-8: replaces invalid sequences by U+FFFD and counts them, so that they cost only the
/// record they are in, and not all that follow.
pub struct Utf8<R> {
    input: R,
    /// Valid or replaced bytes that were not read yet.
    ready: Vec<u8>,
    at: usize,
    broken: Rc<Cell<u64>>,
    /// Positions of replacements in `ready`, which are counted when the reader reaches them.
    replaced: Vec<usize>,
}

impl<R: BufRead> Utf8<R> {
    pub fn new(input: R, broken: Rc<Cell<u64>>) -> Self {
        Self { input, ready: Vec::new(), at: 0, broken, replaced: Vec::new() }
    }

    fn refill(&mut self) -> std::io::Result<()> {
        self.at = 0;
        self.ready.clear();
        self.replaced.clear();
        let mut raw = self.input.fill_buf()?.to_vec();
        self.input.consume(raw.len());
        // A character may continue in the next piece.
        while unfinished(&raw) {
            let mut next = [0];
            if self.input.read(&mut next)? == 0 {
                break;
            }
            raw.push(next[0]);
        }
        for chunk in raw.utf8_chunks() {
            self.ready.extend_from_slice(chunk.valid().as_bytes());
            if !chunk.invalid().is_empty() {
                self.replaced.push(self.ready.len());
                self.ready.extend_from_slice("\u{FFFD}".as_bytes());
            }
        }
        Ok(())
    }
}

/// Whether the last character is incomplete.
fn unfinished(raw: &[u8]) -> bool {
    matches!(std::str::from_utf8(&raw[last_start(raw)..]), Err(error) if error.error_len().is_none())
}

/// The position at which the last character begins.
fn last_start(raw: &[u8]) -> usize {
    let is_start = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    let tail = raw.len().saturating_sub(4);
    raw[tail..].iter().rposition(is_start).map_or(raw.len(), |at| tail + at)
}

impl<R: BufRead> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.ready.len() {
            self.refill()?;
        }
        let length = buffer.len().min(self.ready.len() - self.at);
        buffer[..length].copy_from_slice(&self.ready[self.at..self.at + length]);
        self.at += length;
        let (at, broken) = (self.at, &self.broken);
        self.replaced.retain(|place| {
            let passed = *place < at;
            broken.set(broken.get() + u64::from(passed));
            !passed
        });
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn only_invalid_sequences_are_replaced() {
        let raw = b"a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xFFb\xE2\x82c\xC3";
        for size in 1..=raw.len() {
            let broken = Rc::new(Cell::new(0));
            let mut text = String::new();
            Utf8::new(BufReader::with_capacity(size, &raw[..]), broken.clone()).read_to_string(&mut text).unwrap();
            assert_eq!(text, "a\u{e4}\u{20ac}\u{1f600}\u{fffd}b\u{fffd}c\u{fffd}", "in pieces of {size}");
            assert_eq!(broken.get(), 3);
        }
    }
}
