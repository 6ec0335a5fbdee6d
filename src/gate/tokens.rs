//! What a document may cost, told before it is parsed: the parser works by recursion, so a few kilobytes of nested
//! brackets would end the whole process.

use super::Bounds;

/// Refuses a document by a single walk over its bytes, without building anything.
///
/// # Errors
/// A sentence for the client: what there is too much of, and how much is allowed.
pub fn weigh(document: &str, bounds: &Bounds) -> Result<(), String> {
    if document.len() > bounds.bytes {
        return Err(format!("The document is larger than {} bytes; send long values as variables.", bounds.bytes));
    }
    let mut rest = document.as_bytes();
    let mut depth = 0_usize;
    let mut tokens = 0_usize;
    while let [first, after @ ..] = rest {
        rest = match first {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                rest = after;
                continue;
            }
            b'#' => {
                rest = skip_until(after, |byte| byte == b'\n' || byte == b'\r');
                continue;
            }
            // One that is not closed is none (GraphQL, section 2.9.4). Were the rest looked at once more, as the parser
            // does, a document could have it looked at any number of times.
            b'"' => after_string(rest).ok_or("The document has a block string that is not closed.")?,
            b'[' | b'{' | b'(' => {
                depth += 1;
                after
            }
            b']' | b'}' | b')' => {
                depth = depth.saturating_sub(1);
                after
            }
            byte if is_word(*byte) => skip_until(after, |byte| !is_word(byte)),
            _ => after,
        };
        tokens += 1;
        if depth > bounds.brackets {
            return Err(format!("The document nests deeper than {} brackets.", bounds.brackets));
        }
        if tokens > bounds.tokens {
            return Err(format!(
                "The document holds more than {} tokens; send long values as variables.",
                bounds.tokens
            ));
        }
    }
    Ok(())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn skip_until(bytes: &[u8], stop: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|byte| stop(*byte)).unwrap_or(bytes.len());
    bytes.get(end..).unwrap_or_default()
}

/// What follows the string that `bytes` begins with; `None` where a block string is not closed. Another string that is
/// not closed ends with its line: were it to swallow the rest, brackets could hide in it.
fn after_string(bytes: &[u8]) -> Option<&[u8]> {
    if let Some(mut rest) = bytes.strip_prefix(b"\"\"\"") {
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(b"\"\"\"") {
                return Some(after);
            }
            rest = rest.strip_prefix(b"\\\"\"\"").unwrap_or_else(|| rest.get(1..).unwrap_or_default());
        }
        return None;
    }
    let mut rest = bytes.get(1..).unwrap_or_default();
    loop {
        rest = match rest {
            [] | [b'\n' | b'\r', ..] => return Some(rest),
            [b'"', after @ ..] => return Some(after),
            [b'\\', escaped, after @ ..] if *escaped != b'\n' && *escaped != b'\r' => after,
            [_, after @ ..] => after,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static MOST: std::sync::LazyLock<Bounds> = std::sync::LazyLock::new(Bounds::default);

    fn weigh(document: &str) -> Result<(), String> {
        super::weigh(document, &MOST)
    }

    fn nested(depth: usize) -> String {
        format!("{{ a(b: {}1{}) }}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn brackets_nest_to_the_limit_and_no_deeper() {
        assert_eq!(weigh(&nested(MOST.brackets - 2)), Ok(()));
        assert!(weigh(&nested(MOST.brackets - 1)).is_err_and(|message| message.contains("64")));
        assert!(weigh(&"{".repeat(100_000)).is_err());
    }

    #[test]
    fn what_the_limit_lets_through_the_parser_survives() {
        for document in [
            nested(MOST.brackets - 2),
            format!("{}a{}", "{a".repeat(MOST.brackets), "}".repeat(MOST.brackets)),
            format!("{{ a(b: {}1{}) }}", "{c: ".repeat(MOST.brackets - 2), "}".repeat(MOST.brackets - 2)),
            format!("query ($a: {}Int{}) {{ a }}", "[".repeat(MOST.brackets - 1), "]".repeat(MOST.brackets - 1)),
        ] {
            assert_eq!(weigh(&document), Ok(()));
            let _ = async_graphql_parser::parse_query(&document);
        }
    }

    #[test]
    fn tokens_are_counted_and_ignored_characters_are_not() {
        let fields = |count: usize| format!("{{ {} }}", "a, ".repeat(count));
        assert_eq!(weigh(&fields(MOST.tokens - 2)), Ok(()));
        assert!(weigh(&fields(MOST.tokens - 1)).is_err_and(|message| message.contains("10000")));
        assert_eq!(weigh(&" ,\n".repeat(40_000)), Ok(()));
        assert!(weigh(&" ".repeat(MOST.bytes + 1)).is_err_and(|message| message.contains("bytes")));
    }

    /// Each mark of these begins a block string that has no end, so that each would have the rest read again.
    #[test]
    fn a_block_string_that_is_not_closed_is_refused_where_it_begins() {
        let marks = "\\\"\"\"\n".repeat(3_000);
        assert!(
            weigh(&format!("\"\"\"\n{marks}{}", "x".repeat(100_000))).is_err_and(|message| message.contains("closed"))
        );
        assert!(weigh("{ a(b: \"\"\") }").is_err());
        assert_eq!(weigh("{ a(b: \"\"\"\"\"\") }"), Ok(()));
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let many = "[".repeat(100);
        for text in [
            format!("{{ a(b: \"{many}\") }}"),
            format!("{{ a(b: \"\\\"{many}\") }}"),
            format!("{{ a(b: \"\"\"{many}\n\" {many} \\\"\"\" {many}\"\"\") }}"),
            format!("{{ a }} # {many}"),
            format!("# \"\n{{ a }} # {many}"),
        ] {
            assert_eq!(weigh(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn brackets_after_strings_and_comments_do() {
        let many = "[".repeat(100);
        for text in [
            format!("{{ a(b: \"\") {many}"),
            format!("{{ a(b: \"open\n {many}"),
            format!("{{ a(b: \"\\\n {many}"),
            format!("{{ a(b: \"\"\"\"\"\") {many}"),
            format!("{{ a(b: [\"\"\" \" {many}"),
            format!("# comment\r{many}"),
        ] {
            assert!(weigh(&text).is_err(), "{text}");
        }
    }
}
