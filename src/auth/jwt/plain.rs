//! Checks that JSON is safe to be parsed into `serde_json::Value`.

use serde_json::Value;

use crate::json::{self, ValueLimit};

/// Prefix of the keys by which `serde_json` marks special objects: it parses the text under such a key again, without a
/// limit.
const MARKER: &str = "$serde_json::private::";

/// Whether this is valid JSON without keys that are markers of `serde_json`.
pub fn is_plain(json: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(json) else { return false };
    json::parse::<Value>(text, &ValueLimit::none()).is_ok_and(|value| !has_marker(&value))
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
