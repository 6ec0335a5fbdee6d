//! Faults of a document and their places.

use super::syntax::At;

/// How many faults are told of a document. Nobody reads more, and a hostile one has thousands.
pub const MOST_FAULTS: usize = 100;
/// How much of a name is repeated, in characters.
pub const LONGEST_NAME: usize = 60;

/// A name that the client made up, for people.
pub fn short(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}...", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A sentence for people.
    pub message: String,
    /// The places in the text that it is about.
    pub at: Vec<At>,
}

impl Fault {
    pub fn new(message: impl Into<String>, at: impl IntoIterator<Item = At>) -> Self {
        Self { message: message.into(), at: at.into_iter().collect() }
    }

    /// The text is no document.
    pub fn syntax(message: impl AsRef<str>, at: At) -> Self {
        Self::new(format!("Syntax Error: {}", message.as_ref()), [at])
    }
}

/// A place as people count: lines and columns from 1. A column is a unit of UTF-16, as editors count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// How many bytes are counted together where a text is not ASCII.
const BLOCK: usize = 64;

/// The beginnings of lines of a text. They end with LF, CR, or both (GraphQL, section 2.1.3).
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// The units of UTF-16 before every so many bytes; none where the text is ASCII.
    units: Vec<usize>,
}

impl<'a> Lines<'a> {
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

    /// In bounded time, wherever it is.
    pub fn place(&self, at: At) -> Place {
        let at = at as usize;
        let line = self.starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or_default();
        Place { line, column: self.units_before(at) - self.units_before(start) + 1 }
    }

    fn units_before(&self, at: usize) -> usize {
        let Some(before) = self.units.get(at / BLOCK) else { return at };
        let block = self.text.as_bytes().get(at / BLOCK * BLOCK..at).unwrap_or_default();
        before + block.iter().copied().map(units_of).sum::<usize>()
    }
}

/// The units of UTF-16 of a character, told by its first byte: two where it takes four bytes.
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
        let lines = Lines::of(text);
        let place = |part: &str| {
            let place = lines.place(At::try_from(text.find(part).unwrap()).unwrap());
            (place.line, place.column)
        };
        assert_eq!(["a", "b", "c", "d", "e"].map(place), [(1, 1), (2, 1), (3, 1), (4, 1), (6, 3)]);
        assert_eq!(Lines::of("").place(0), Place { line: 1, column: 1 });
        let long = "ж😀".repeat(64);
        let end = At::try_from(long.len()).unwrap();
        assert_eq!(Lines::of(&long).place(end), Place { line: 1, column: 3 * 64 + 1 });
        assert_eq!(Lines::of(&long).place(end - 4), Place { line: 1, column: 3 * 64 - 1 });
    }
}
