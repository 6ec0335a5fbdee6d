//! A JSON object as it was written: the keys in their order, each with the text of its value.

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::{self, ValueLimit};

/// The text of each value is kept, so that what no column can hold can be given back letter by letter.
#[derive(Clone, Debug, Default)]
pub struct Object(IndexMap<String, Box<RawValue>>);

impl Object {
    /// # Errors
    /// When the text is no JSON object, or a key of it holds half a surrogate pair.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    /// The text of the value under `key`; `None` where the object does not say it at all.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|raw| raw.get())
    }

    pub fn says(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, raw)| (key.as_str(), raw.get()))
    }

    /// Puts a value at the end, or in the place that the key has. `text` must be JSON, else nothing happens.
    pub fn put(&mut self, key: &str, text: String) {
        if let Ok(raw) = RawValue::from_string(text) {
            self.0.insert(key.to_owned(), raw);
        }
    }

    /// Takes out a key, the others keep their order.
    pub fn take(&mut self, key: &str) -> Option<String> {
        self.0.shift_remove(key).map(|raw| raw.get().to_owned())
    }

    /// Takes out all keys but those that are to stay, which keep their order.
    pub fn retain(&mut self, stays: impl Fn(&str) -> bool) {
        self.0.retain(|key, _| stays(key));
    }

    /// Says nothing about anybody: no key, or only nulls.
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
pub type Fields = Vec<(std::borrow::Cow<'static, str>, String)>;

/// Writes the fields as one object.
pub fn join(fields: &Fields) -> String {
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

/// A text as JSON writes it.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Takes the white space between the tokens out of valid JSON, and leaves every token as it is: parsing and writing
/// again would round numbers and spell strings anew.
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

/// The same value, however it is spelled. `1` and `1.0` are two values. One that is nested deeply, or holds a key twice, is
/// the same only as its own text.
pub fn same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let parse = |text| json::parse::<Value>(text, &ValueLimit::none());
    matches!((parse(one), parse(other)), (Ok(one), Ok(other)) if one == other)
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
    fn values_are_the_same_whatever_their_spelling() {
        assert!(same(r#""é\/""#, r#""\u00e9/""#));
        assert!(!same("1", "1.0"));
        assert!(!same("null", "[]"));
        // For the library the text under this key is JSON.
        let marked = r#"{"$serde_json::private::RawValue":"[1]"}"#;
        assert!(!same(marked, "[1]") && same(marked, &format!(" {marked}")));
    }
}
