//! Characters that change how the text around them is displayed: refused in names, and escaped in printed text.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character controls a terminal, ends a line, or reorders the text around it: C0 and C1 controls, DEL, the
/// line and paragraph separators, and the embeddings, overrides and isolates of bidirectional text (U+202A to U+202E,
/// U+2066 to U+2069). Characters that scripts need, such as joiners and directional marks, are not included.
pub const fn is_control(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Returns the first control character of a text.
pub fn first(text: &str) -> Option<char> {
    text.chars().find(|character| is_control(*character))
}

/// Writes the control characters of a text as `\n`, `\r`, `\t` or `\u{1b}`, so that the result is always one line.
pub fn escape(text: &str) -> Cow<'_, str> {
    if first(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            other if is_control(other) => {
                // Writing into a string does not fail.
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(other));
            }
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let text = "a\x1b[2Kb\r\n\tc\u{9b}31m\u{202e}d\u{2069}\u{2028}\u{7f}\0";
        assert_eq!(escape(text), r"a\u{1b}[2Kb\r\n\tc\u{9b}31m\u{202e}d\u{2069}\u{2028}\u{7f}\u{0}");
    }

    /// Joiners, directional marks, combining marks, emoji of several characters.
    #[test]
    fn text_of_every_script_is_unchanged() {
        for text in ["Zoë Ünal", "\u{5e9}\u{200f}", "\u{645}\u{200c}\u{6cc}", "👩\u{200d}💻", "手帳", "a\u{301}"]
        {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
