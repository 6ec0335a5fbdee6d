//! Bounds that need no value to be built: one pass over the bytes.

use serde_json::Value;

use super::{ValueLimit, parse};

/// The deepest nesting of brackets that [`scan`] permits. Below [`super::MAX_DEPTH`].
pub const NESTING: usize = 64;

/// What there is too much of in a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Brackets are nested deeper than [`NESTING`].
    Nesting,
    /// There are more values than the bound.
    Values,
}

/// Counts the values of a JSON text, valid or not: one for the whole, one for each opening bracket and each comma outside
/// of strings. Valid JSON never has more values than that. Uses no memory.
///
/// # Errors
/// As soon as brackets are nested deeper than [`NESTING`], or there are more than `most` values.
pub fn scan(json: &[u8], most: usize) -> Result<usize, Excess> {
    let (mut depth, mut values) = (0_usize, 1_usize);
    let (mut inside, mut escaped) = (false, false);
    for byte in json {
        if inside {
            inside = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => inside = true,
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                if depth > NESTING {
                    return Err(Excess::Nesting);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => continue,
        }
        if values > most {
            return Err(Excess::Values);
        }
    }
    Ok(values)
}

/// The beginning of the keys by which `serde_json` tells itself how to read an object.
const MARKER: &str = "$serde_json::private::";

/// Whether a JSON text can be given to a library that reads it into `serde_json::Value`: it is valid, and no key in it is
/// one of `serde_json`'s markers.
pub fn is_plain(json: &[u8]) -> bool {
    let text = std::str::from_utf8(json).ok();
    text.and_then(|text| parse::<Value>(text, &ValueLimit::none()).ok()).is_some_and(|value| !has_marker(&value))
}

fn has_marker(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(has_marker),
        Value::Object(object) => object.iter().any(|(key, value)| key.starts_with(MARKER) || has_marker(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        assert_eq!(scan(br#"{"a":[1,2],"b,[{":"\",[{"}"#, 10), Ok(5));
        assert_eq!(scan(b"[1,2,3]", 3), Err(Excess::Values));
        assert_eq!(scan(b"[1,2,3]", 4), Ok(4));
        assert_eq!(scan(b"]]]]", 1), Ok(1));
    }

    #[test]
    fn nesting_is_bounded_and_breadth_is_not_nesting() {
        let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
        assert!(scan(&nested(NESTING), usize::MAX).is_ok());
        assert_eq!(scan(&nested(NESTING + 1), usize::MAX), Err(Excess::Nesting));
        assert!(scan(&nested(1).repeat(1_000), usize::MAX).is_ok());
    }

    #[test]
    fn markers_are_found_however_they_are_spelled() {
        assert!(is_plain(br#"{"alg":"RS256","x":[{"a":"$serde_json::private::RawValue"}]}"#));
        for hidden in [
            r#"{"$serde_json::private::RawValue":"1"}"#,
            r#"[{"a":{"\u0024serde_json::private::RawValue":"1"}}]"#,
            r#"{"a":{"$serde_json::private::Number":"1"}}"#,
            "{",
        ] {
            assert!(!is_plain(hidden.as_bytes()), "{hidden}");
        }
    }
}
