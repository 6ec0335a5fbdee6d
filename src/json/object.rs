//! A JSON object as it was written: the keys in their order, each with the text of its value.

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{ValueLimit, parse};

/// Keeps the text of each value, so that values which no column can hold can be exported unchanged.
#[derive(Clone, Debug, Default)]
pub struct RawObject(IndexMap<String, Box<RawValue>>);

impl RawObject {
    /// # Errors
    /// When the text is not a JSON object, or a key of it contains half a surrogate pair.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    /// The text of the value under `key`; `None` if the object does not have the key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|raw| raw.get())
    }

    pub fn says(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, raw)| (key.as_str(), raw.get()))
    }

    /// Sets a value in the place of the key, or at the end if the key is new. `text` must be JSON; otherwise nothing
    /// happens.
    pub fn put(&mut self, key: &str, text: String) {
        if let Ok(raw) = RawValue::from_string(text) {
            self.0.insert(key.to_owned(), raw);
        }
    }

    /// Removes a key; the others keep their order.
    pub fn take(&mut self, key: &str) -> Option<String> {
        self.0.shift_remove(key).map(|raw| raw.get().to_owned())
    }

    /// Removes all keys except those for which `stays` is true; these keep their order.
    pub fn retain(&mut self, stays: impl Fn(&str) -> bool) {
        self.0.retain(|key, _| stays(key));
    }

    /// Whether the object has no values except null.
    pub fn is_blank(&self) -> bool {
        self.iter().all(|(_, text)| text == "null")
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The object in compact JSON.
    pub fn text(&self) -> String {
        let fields: Vec<_> = self.iter().map(|(key, text)| (key.to_owned().into(), compact(text))).collect();
        join(&fields)
    }
}

/// The fields of an object in the order in which they are written, each value as compact JSON.
pub type JsonFields = Vec<(std::borrow::Cow<'static, str>, String)>;

/// Joins the fields into one JSON object.
pub fn join(fields: &JsonFields) -> String {
    let mut text =
        String::with_capacity(fields.iter().map(|(key, value)| key.len() + value.len() + 4).sum::<usize>() + 2);
    text.push('{');
    for (index, (key, value)) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&quoted(key));
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

/// Formats a text as a JSON string.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Removes the white space between the tokens of valid JSON, and leaves each token unchanged: parsing and formatting
/// would round numbers and change the escapes of strings.
pub fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut inside, mut escaped, mut start) = (false, false, 0);
    for (index, byte) in json.bytes().enumerate() {
        if inside {
            inside = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            inside = true;
        } else if byte.is_ascii_whitespace() {
            text.push_str(&json[start..index]);
            start = index + 1;
        }
    }
    text.push_str(&json[start..]);
    text
}

/// Whether two JSON texts have the same value, however it is spelled. `1` and `1.0` differ. A value that is nested
/// deeply, or has a duplicate key, only equals its own text.
pub fn same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let value = |text| parse::<Value>(text, &ValueLimit::none());
    matches!((value(one), value(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compacting_leaves_strings_and_numbers_alone() {
        let pretty = "{\n  \"a b\" : [ 1.50, \"c \\\" \\\\\" ,\tnull ] }\r\n";
        assert_eq!(compact(pretty), r#"{"a b":[1.50,"c \" \\",null]}"#);
    }

    #[test]
    fn values_are_equal_in_any_notation() {
        assert!(same(r#""é\/""#, r#""\u00e9/""#));
        assert!(!same("1", "1.0"));
        assert!(!same("null", "[]"));
        // The library takes the text under this key as JSON.
        let marked = r#"{"$serde_json::private::RawValue":"[1]"}"#;
        assert!(!same(marked, "[1]") && same(marked, &format!(" {marked}")));
    }
}
