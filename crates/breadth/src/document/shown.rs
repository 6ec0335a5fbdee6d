//! Formats values for error messages, as graphql-js formats them, and cut short.

use std::fmt::Write as _;

use serde_json::Number;

use crate::bridge::ConstValue;

use super::parse::ast::ValueKind;

/// Characters of a value that an error message repeats.
const MAX_CHARS: usize = 50;
/// Nesting depth of JSON up to which lists and objects are shown with their contents.
const MAX_DEPTH: usize = 2;
/// Items of a JSON list that are shown.
const MAX_ITEMS: usize = 10;
/// Characters of a block string that are shown in one line.
const LINE: usize = 70;

/// Formats a literal as it is printed in a document.
pub fn literal(value: &ValueKind<'_>) -> String {
    let mut out = String::new();
    write(value, &mut out);
    cut(out)
}

/// Formats a JSON value.
pub fn json(value: &ConstValue) -> String {
    let mut out = String::new();
    write_json(value, 1, &mut out);
    cut(out)
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Whether the text is long enough to be cut, so that writing can stop.
fn is_long(out: &str) -> bool {
    out.len() > MAX_CHARS * 4
}

/// Writes items between brackets, separated by commas.
fn items<T>(all: impl Iterator<Item = T>, [open, close]: [&str; 2], out: &mut String, one: impl Fn(T, &mut String)) {
    out.push_str(open);
    for (number, item) in all.enumerate() {
        if is_long(out) {
            break;
        }
        out.push_str(if number == 0 { "" } else { ", " });
        one(item, out);
    }
    out.push_str(close);
}

fn write(value: &ValueKind<'_>, out: &mut String) {
    match value {
        ValueKind::Variable(name) => {
            out.push('$');
            out.extend(name.chars().take(MAX_CHARS));
        }
        ValueKind::Int(text) | ValueKind::Float(text) | ValueKind::Enum(text) => {
            out.extend(text.chars().take(MAX_CHARS + 1));
        }
        ValueKind::Text(text, false) => quoted(text, out),
        ValueKind::Text(text, true) => block(text, out),
        ValueKind::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        ValueKind::Null => out.push_str("null"),
        ValueKind::List(list) => items(list.iter(), ["[", "]"], out, |item, out| write(&item.kind, out)),
        ValueKind::Object(fields) => items(fields.iter(), ["{ ", " }"], out, |field, out| {
            out.extend(field.name.text.chars().take(MAX_CHARS));
            out.push_str(": ");
            write(&field.value.kind, out);
        }),
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars().take(MAX_CHARS + 1) {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            char if char.is_control() => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{:04X}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out.push('"');
}

fn block(text: &str, out: &mut String) {
    let is_line = !text.contains('\n');
    // A quote or a backslash would run into the closing quotes.
    let ends_open = text.ends_with(['"', '\\']);
    let has_lines = !is_line || ends_open || text.chars().nth(LINE).is_some();
    out.push_str("\"\"\"");
    if has_lines && !(is_line && text.starts_with([' ', '\t'])) {
        out.push('\n');
    }
    let shown: String = text.chars().take(MAX_CHARS + 1).collect();
    out.push_str(&shown.replace("\"\"\"", "\\\"\"\""));
    out.push_str(if has_lines { "\n\"\"\"" } else { "\"\"\"" });
}

fn write_json(value: &ConstValue, depth: usize, out: &mut String) {
    match value {
        ConstValue::Null => out.push_str("null"),
        ConstValue::Number(value) => out.push_str(&number(value)),
        ConstValue::String(text) => quoted(text, out),
        ConstValue::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        ConstValue::Enum(name) => out.extend(name.chars().take(MAX_CHARS + 1)),
        ConstValue::Binary(_) => out.push_str("bytes"),
        ConstValue::List(list) if list.is_empty() => out.push_str("[]"),
        ConstValue::Object(fields) if fields.is_empty() => out.push_str("{}"),
        ConstValue::List(_) if depth > MAX_DEPTH => out.push_str("[Array]"),
        ConstValue::Object(_) if depth > MAX_DEPTH => out.push_str("[Object]"),
        ConstValue::List(list) => {
            let more = match list.len().saturating_sub(MAX_ITEMS) {
                0 => "]".to_owned(),
                1 => ", ... 1 more item]".to_owned(),
                more => format!(", ... {more} more items]"),
            };
            let first = list.iter().take(MAX_ITEMS);
            items(first, ["[", &more], out, |item, out| write_json(item, depth + 1, out));
        }
        ConstValue::Object(fields) => items(fields.iter(), ["{ ", " }"], out, |(name, value), out| {
            out.extend(name.chars().take(MAX_CHARS));
            out.push_str(": ");
            write_json(value, depth + 1, out);
        }),
    }
}

/// A number, without a fraction if that is zero: JSON has one type of numbers.
fn number(number: &Number) -> String {
    match number.as_f64() {
        // Without the sign that a zero may have.
        Some(0.0) => "0".to_owned(),
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, is_block: bool) -> String {
        literal(&ValueKind::Text(text.into(), is_block))
    }

    #[test]
    fn literals_are_shown_as_they_are_printed() {
        assert_eq!(text("a\"\\\n\u{8}\u{1}\u{7f}é", false), r#""a\"\\\n\b\u0001\u007Fé""#);
        assert_eq!(text("a", true), r#""""a""""#);
        assert_eq!(text("a \"\"\" b", true), r#""""a \""" b""""#);
        assert_eq!(text("a\nb", true), "\"\"\"\na\nb\n\"\"\"");
        assert_eq!(text("a\"", true), "\"\"\"\na\"\n\"\"\"");
        assert_eq!(literal(&ValueKind::Object(Vec::new())), "{  }");
        assert_eq!(literal(&ValueKind::List(Vec::new())), "[]");
        assert_eq!(text(&"x".repeat(60), false), format!("\"{}...", "x".repeat(49)));
    }

    #[test]
    fn json_is_shown_as_deep_as_it_helps() {
        for (value, expected) in [
            (r#"{"a": 2.0, "b": [1.5, null, "x\ny"]}"#, r#"{ a: 2, b: [1.5, null, "x\ny"] }"#),
            (
                r#"{"a": {"b": {"c": 1}, "d": [[1]], "e": {}, "f": []}}"#,
                "{ a: { b: [Object], d: [Array], e: {}, f: [] } }",
            ),
            ("[1,2,3,4,5,6,7,8,9,0,1]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 0, ... 1 more item]"),
            ("[1,2,3,4,5,6,7,8,9,0,1,2]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 0, ... 2 more items]"),
            ("{}", "{}"),
            ("12345678901234567890", "12345678901234567890"),
            ("-0.0", "0"),
        ] {
            let value = ConstValue::from_json(serde_json::from_str(value).unwrap()).unwrap();
            assert_eq!(json(&value), expected);
        }
    }
}
