//! Limits the nesting and the number of values of JSON texts, before anything is built from them.

/// Maximum nesting of brackets. Below the limit of `serde_json`'s recursive parser, which is 128.
pub const NESTING: usize = 64;

/// The limit that a JSON text exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Brackets are nested deeper than [`NESTING`].
    Nesting,
    /// There are more values than the bound.
    Values,
}

/// Counts the values of a JSON text, valid or not: one for the whole, and one for each opening bracket and each comma
/// outside of strings. Valid JSON never has more values than that. Needs no memory.
///
/// # Errors
/// As soon as brackets are nested deeper than [`NESTING`], or there are more than `most` values.
pub fn check(json: &[u8], most: usize) -> Result<usize, Excess> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        assert_eq!(check(br#"{"a":[1,2],"b,[{":"\",[{"}"#, 10), Ok(5));
        assert_eq!(check(b"[1,2,3]", 3), Err(Excess::Values));
        assert_eq!(check(b"[1,2,3]", 4), Ok(4));
        assert_eq!(check(b"]]]]", 1), Ok(1));
    }

    #[test]
    fn nesting_is_bounded_and_breadth_is_not_nesting() {
        let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
        assert!(check(&nested(NESTING), usize::MAX).is_ok());
        assert_eq!(check(&nested(NESTING + 1), usize::MAX), Err(Excess::Nesting));
        assert!(check(&nested(1).repeat(1_000), usize::MAX).is_ok());
    }
}
