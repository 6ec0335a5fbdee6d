//! Determines by its start whether a file has one record per line, or JSON documents that span lines.

use serde::de::IgnoredAny;
use serde_json::Deserializer;
use serde_json::error::Category;

/// The keys that a list or an API response around the records can begin with.
pub const ENVELOPE: [&str; 7] =
    ["trackingId", "items", "pagination", "pagedResults", "instance", "results", "totalCount"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    Lines,
    Documents,
    /// The first line ends inside a value, so the next line decides.
    Open,
}

/// The shape according to the first line that is not empty.
pub fn of_line(line: &[u8]) -> FileFormat {
    let text = line.trim_ascii();
    if text.starts_with(b"[") || is_envelope(text) {
        return FileFormat::Documents;
    }
    let mut values = Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    match values.next() {
        // If the line contains several documents, lines have no meaning.
        Some(Ok(_)) if text.len() > values.byte_offset() => FileFormat::Documents,
        Some(Err(error)) if error.classify() == Category::Eof && !inside_text(text) => FileFormat::Open,
        _ => FileFormat::Lines,
    }
}

/// The shape according to the line after an open one: a complete record there means that the line before was cut off.
pub fn of_beginning(second: &[u8]) -> FileFormat {
    let text = second.trim_ascii_end();
    let whole = text.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(text).is_ok();
    if whole { FileFormat::Lines } else { FileFormat::Documents }
}

/// Whether an object begins like an API response that contains the records.
pub fn is_envelope(text: &[u8]) -> bool {
    let Some(inside) = text.strip_prefix(b"{") else { return false };
    let mut keys = Deserializer::from_slice(inside.trim_ascii_start()).into_iter::<String>();
    matches!(keys.next(), Some(Ok(key)) if ENVELOPE.contains(&key.as_str()))
}

/// Whether the line ends inside a string, which cannot happen in a document that spans lines.
fn inside_text(line: &[u8]) -> bool {
    let (mut inside, mut escaped) = (false, false);
    for byte in line {
        if inside {
            inside = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else {
            inside = *byte == b'"';
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_decides_the_format() {
        for (line, shape) in [
            (r#"{"id":1}"#, FileFormat::Lines),
            (r#"{"id":1,"subject":"cut o"#, FileFormat::Lines),
            (r#"{"id":1,"#, FileFormat::Open),
            ("{", FileFormat::Open),
            ("[", FileFormat::Documents),
            (r#"{"items":[]}"#, FileFormat::Documents),
            (r#"{ "trackingId" : 1,"#, FileFormat::Documents),
            (r#"{"id":1}{"id":2}"#, FileFormat::Documents),
            ("nonsense", FileFormat::Lines),
        ] {
            assert_eq!(of_line(line.as_bytes()), shape, "{line}");
        }
    }
}
