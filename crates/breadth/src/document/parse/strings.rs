//! The values of strings, without quotes, escapes and indentation (GraphQL, section 2.9.4).

use std::borrow::Cow;

/// The value of a string, from the text between its quotes; its escapes must be valid.
pub fn string(inner: &str) -> Cow<'_, str> {
    let Some(first) = inner.find('\\') else { return Cow::Borrowed(inner) };
    let (plain, mut rest) = inner.split_at(first);
    let mut value = String::with_capacity(inner.len());
    value.push_str(plain);
    while let Some(char) = rest.chars().next() {
        let length = if char != '\\' {
            value.push(char);
            char.len_utf8()
        } else if let Some((char, length)) = unicode_escape(rest) {
            value.push(char);
            length
        } else {
            value.push(match rest.as_bytes().get(1) {
                Some(b'b') => '\u{8}',
                Some(b'f') => '\u{c}',
                Some(b'n') => '\n',
                Some(b'r') => '\r',
                Some(b't') => '\t',
                Some(b'/') => '/',
                Some(b'"') => '"',
                _ => '\\',
            });
            2
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(value)
}

/// Parses a Unicode escape and returns its character and its length in bytes: `\u{...}`, `\u....`, or two of the latter
/// that form a surrogate pair. Returns `None` if there is no valid escape.
pub fn unicode_escape(text: &str) -> Option<(char, usize)> {
    if let Some(rest) = text.strip_prefix("\\u{") {
        let digits = rest.get(..rest.find('}')?)?;
        // Leading zeros are allowed, but no character needs more than 8 digits.
        let right = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = right.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
        return Some((char::from_u32(number)?, digits.len() + 4));
    }
    let first = four_digits(text)?;
    if let Some(char) = char::from_u32(first) {
        return Some((char, 6));
    }
    let second = four_digits(text.get(6..)?)?;
    if !(0xD800..0xDC00).contains(&first) || !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    Some((char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))?, 12))
}

/// The part of a wrong Unicode escape that an error message repeats: six characters, or, of a variable width, everything
/// up to the first character that makes it wrong.
pub fn wrong_unicode_escape(text: &str) -> String {
    let Some(digits) = text.strip_prefix("\\u{") else { return text.chars().take(6).collect() };
    let mut shown = "\\u{".to_owned();
    let mut number = 0_u32;
    // Eight digits and the closing bracket.
    for char in digits.chars().take(9) {
        shown.push(char);
        let Some(digit) = char.to_digit(16) else { break };
        number = number << 4 | digit;
        if number > 0x7FFF_FFFF {
            break;
        }
    }
    shown
}

fn four_digits(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

/// The value of a block string, from the text between its quotes: lines end in `\n`; the common indentation and blank
/// lines at both ends are removed.
pub fn block_string(inner: &str) -> String {
    let inner = inner.replace("\\\"\"\"", "\"\"\"").replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = inner.split('\n').collect();
    let indent_of = |line: &str| line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let is_blank = |line: &&str| indent_of(line) == line.len();
    let common = lines.iter().skip(1).filter(|line| !is_blank(line)).map(|line| indent_of(line)).min().unwrap_or(0);
    let Some(first) = lines.iter().position(|line| !is_blank(line)) else { return String::new() };
    let last = lines.iter().rposition(|line| !is_blank(line)).unwrap_or(first);
    let mut value = String::with_capacity(inner.len());
    for (number, line) in lines.iter().enumerate().take(last + 1).skip(first) {
        if number > first {
            value.push('\n');
        }
        // A blank line may be shorter than the indent.
        value.push_str(if number == 0 { line } else { line.get(common..).unwrap_or_default() });
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_characters() {
        for (inner, value) in [
            ("plain ж", "plain ж"),
            (r#"\" \\ \/ \b \f \n \r \t"#, "\" \\ / \u{8} \u{c} \n \r \t"),
            (r"\u0041\u00e9", "Aé"),
            (r"\uD83D\uDE00\u{1F600}\u{0001f600}", "😀😀😀"),
            (r"\\u0041", "\\u0041"),
        ] {
            assert_eq!(string(inner), value);
        }
    }

    #[test]
    fn invalid_escapes_are_refused() {
        for text in [
            r"\u",
            r"\u12",
            r"\u12g4",
            r"\u+123",
            r"\u{}",
            r"\u{110000}",
            r"\u{D800}",
            r"\u{12",
            r"\u{000000041}",
            r"\uD83D",
            r"\uD83D\u0041",
            r"\uDE00\uD83D",
            r"\uD83Dx",
            r"\u{+41}",
            "\\uéé",
        ] {
            assert_eq!(unicode_escape(text), None, "{text}");
        }
    }

    #[test]
    fn of_a_wrong_escape_that_part_is_named() {
        for (text, expected) in [
            (r"\uD83D\u0041", r"\uD83D"),
            (r"\uDE00\uD83D", r"\uDE00"),
            (r"\u12g4 and more", r"\u12g4"),
            (r"\u12", r"\u12"),
            (r"\u{}", r"\u{}"),
            (r"\u{12x4}", r"\u{12x"),
            (r"\u{110000}", r"\u{110000}"),
            (r"\u{000000041}", r"\u{000000041"),
            (r"\u{FFFFFFFF1}", r"\u{FFFFFFFF"),
            (r"\u{12", r"\u{12"),
        ] {
            assert_eq!(wrong_unicode_escape(text), expected, "{text}");
        }
    }

    #[test]
    fn block_strings_lose_their_indent() {
        for (inner, value) in [
            ("", ""),
            (" \n\t\n ", ""),
            ("a", "a"),
            ("  a  ", "  a  "),
            ("\n    a\n \n    b\n", "a\n\nb"),
            ("\r\n    a\r      b\n    c\n  ", "a\n  b\nc"),
            ("first\n  second\n   third", "first\nsecond\n third"),
            ("say \\\"\"\" twice \\n", "say \"\"\" twice \\n"),
            ("\n\ta\n  b", "a\n b"),
        ] {
            assert_eq!(block_string(inner), value, "{inner:?}");
        }
    }
}
