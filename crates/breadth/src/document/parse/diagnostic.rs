//! Faults of a document and their positions.

use super::ast::Offset;
use crate::response_error::Location;

/// Maximum number of faults that are reported about a document. Nobody reads more, and a hostile document has
/// thousands.
pub const MAX_DIAGNOSTICS: usize = 100;
/// Characters of a client's name that an error message repeats.
pub const MAX_NAME_CHARS: usize = 60;

/// Cuts a name that the client made up to a length that fits an error message.
pub fn short(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME_CHARS) {
        Some((end, _)) => format!("{}...", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// A fault in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The message for the client.
    pub message: String,
    /// The positions in the text that the fault concerns.
    pub at: Vec<Offset>,
}

impl Diagnostic {
    pub fn new(message: impl Into<String>, at: impl IntoIterator<Item = Offset>) -> Self {
        Self { message: message.into(), at: at.into_iter().collect() }
    }

    /// A syntax error.
    pub fn syntax(message: impl AsRef<str>, at: Offset) -> Self {
        Self::new(format!("Syntax Error: {}", message.as_ref()), [at])
    }
}

/// Bytes whose UTF-16 units are counted together in a text that is not ASCII.
const BLOCK: usize = 64;

/// The line starts of a text. Lines end with LF, CR or CR LF (GraphQL, section 2.1.3).
pub struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// The number of UTF-16 units before each block of [`BLOCK`] bytes; empty if the text is ASCII.
    units: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    pub fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let is_end = |at: &usize| match bytes.get(*at) {
            Some(b'\n') => true,
            Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let starts = std::iter::once(0).chain((0..bytes.len()).filter(is_end).map(|end| end + 1)).collect();
        let mut units = Vec::new();
        if !text.is_ascii() {
            let mut before = 0;
            for block in bytes.chunks(BLOCK) {
                units.push(before);
                before += block.iter().copied().map(units_of).sum::<usize>();
            }
            units.push(before);
        }
        Self { text, starts, units }
    }

    /// Converts an offset, in time that does not depend on where it is in the text.
    pub fn place(&self, at: Offset) -> Location {
        let at = at as usize;
        let line = self.starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or_default();
        Location { line, column: self.units_before(at) - self.units_before(start) + 1 }
    }

    fn units_before(&self, at: usize) -> usize {
        let Some(before) = self.units.get(at / BLOCK) else { return at };
        let block = self.text.as_bytes().get(at / BLOCK * BLOCK..at).unwrap_or_default();
        before + block.iter().copied().map(units_of).sum::<usize>()
    }
}

/// UTF-16 units of a character, determined by its first byte: two if it takes four bytes.
fn units_of(byte: u8) -> usize {
    match byte {
        0x80..0xC0 => 0,
        0xF0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        let text = "a\nb\rc\r\nd\n\r😀e";
        let lines = LineIndex::of(text);
        let place = |part: &str| {
            let place = lines.place(Offset::try_from(text.find(part).unwrap()).unwrap());
            (place.line, place.column)
        };
        assert_eq!(["a", "b", "c", "d", "e"].map(place), [(1, 1), (2, 1), (3, 1), (4, 1), (6, 3)]);
        assert_eq!(LineIndex::of("").place(0), Location { line: 1, column: 1 });
        let long = "ж😀".repeat(64);
        let end = Offset::try_from(long.len()).unwrap();
        assert_eq!(LineIndex::of(&long).place(end), Location { line: 1, column: 3 * 64 + 1 });
        assert_eq!(LineIndex::of(&long).place(end - 4), Location { line: 1, column: 3 * 64 - 1 });
    }
}
