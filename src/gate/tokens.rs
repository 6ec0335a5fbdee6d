//! What a document may cost, told before it is parsed: the parser works by recursion, so a few kilobytes of nested
//! brackets would end the whole process.

/// How deep brackets of any kind may nest. Real documents stay under 20.
const MOST_DEPTH: usize = 64;
/// How many names, numbers, strings and marks a document may hold. A large real one has some 2,000.
const MOST_TOKENS: usize = 10_000;

/// Refuses a document by a single walk over its bytes, without building anything.
///
/// # Errors
/// A sentence for the client: what there is too much of, and how much is allowed.
pub fn weigh(document: &str) -> Result<(), String> {
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
            b'"' => after_string(rest),
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
        if depth > MOST_DEPTH {
            return Err(format!("The document nests deeper than {MOST_DEPTH} brackets."));
        }
        if tokens > MOST_TOKENS {
            return Err(format!("The document holds more than {MOST_TOKENS} tokens; send long values as variables."));
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

/// What follows the string that `bytes` begins with. A string that is not closed ends with its line: were it to
/// swallow the rest, brackets could hide in it.
fn after_string(bytes: &[u8]) -> &[u8] {
    if let Some(mut rest) = bytes.strip_prefix(b"\"\"\"") {
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(b"\"\"\"") {
                return after;
            }
            rest = rest.strip_prefix(b"\\\"\"\"").unwrap_or_else(|| rest.get(1..).unwrap_or_default());
        }
        // One that is not closed is none: the parser goes back and reads an empty string, and so has to be counted.
        return bytes.get(2..).unwrap_or_default();
    }
    let mut rest = bytes.get(1..).unwrap_or_default();
    loop {
        rest = match rest {
            [] | [b'\n' | b'\r', ..] => return rest,
            [b'"', after @ ..] => return after,
            [b'\\', escaped, after @ ..] if *escaped != b'\n' && *escaped != b'\r' => after,
            [_, after @ ..] => after,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{{ a(b: {}1{}) }}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn brackets_nest_to_the_limit_and_no_deeper() {
        assert_eq!(weigh(&nested(MOST_DEPTH - 2)), Ok(()));
        assert!(weigh(&nested(MOST_DEPTH - 1)).is_err_and(|message| message.contains("64")));
        assert!(weigh(&"{".repeat(100_000)).is_err());
    }

    #[test]
    fn what_the_limit_lets_through_the_parser_survives() {
        for document in [
            nested(MOST_DEPTH - 2),
            format!("{}a{}", "{a".repeat(MOST_DEPTH), "}".repeat(MOST_DEPTH)),
            format!("{{ a(b: {}1{}) }}", "{c: ".repeat(MOST_DEPTH - 2), "}".repeat(MOST_DEPTH - 2)),
            format!("query ($a: {}Int{}) {{ a }}", "[".repeat(MOST_DEPTH - 1), "]".repeat(MOST_DEPTH - 1)),
        ] {
            assert_eq!(weigh(&document), Ok(()));
            let _ = async_graphql_parser::parse_query(&document);
        }
    }

    #[test]
    fn tokens_are_counted_and_ignored_characters_are_not() {
        let fields = |count: usize| format!("{{ {} }}", "a, ".repeat(count));
        assert_eq!(weigh(&fields(MOST_TOKENS - 2)), Ok(()));
        assert!(weigh(&fields(MOST_TOKENS - 1)).is_err_and(|message| message.contains("10000")));
        assert_eq!(weigh(&" ,\n".repeat(50_000)), Ok(()));
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
