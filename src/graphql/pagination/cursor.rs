use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Result};
use crate::ids::RecordId;

/// A value in a cursor: one of those that an order compares.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum CursorValue {
    Integer(i64),
    Text(String),
    /// The column is null.
    Null,
}

impl From<i64> for CursorValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl<I: RecordId> From<I> for CursorValue {
    fn from(id: I) -> Self {
        Self::Integer(id.into())
    }
}

impl CursorValue {
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Not derived: a derived implementation would read any JSON value first, lists of any size included, before rejecting
/// it.
impl<'de> Deserialize<'de> for CursorValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct CursorValueVisitor;

        impl Visitor<'_> for CursorValueVisitor {
            type Value = CursorValue;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an integer, a text or null")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<CursorValue, E> {
                Ok(CursorValue::Integer(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<CursorValue, E> {
                i64::try_from(value).map(CursorValue::Integer).map_err(|_| E::custom("the integer is too large"))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> std::result::Result<CursorValue, E> {
                Ok(CursorValue::Text(value.to_owned()))
            }

            fn visit_unit<E: de::Error>(self) -> std::result::Result<CursorValue, E> {
                Ok(CursorValue::Null)
            }
        }

        deserializer.deserialize_any(CursorValueVisitor)
    }
}

/// Maximum length of a cursor, in bytes: more than twice the length of three texts of 100 characters, each escaped.
const MAX_BYTES: usize = 10_000;

/// A position in a list: the values that its order compares, the ID last.
///
/// It contains the name of the order, so that a cursor of one list is not accepted for another. It is neither a secret
/// nor a permission: the query decides what a viewer may see, whatever the cursor says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub Vec<CursorValue>);

impl Cursor {
    pub fn encode(&self, order: &str) -> String {
        let json = serde_json::json!([order, self.0]);
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    /// # Errors
    /// `BAD_CURSOR` if the text is no cursor, or a cursor of another order.
    pub fn decode(text: &str, order: &str, values: usize) -> Result<Self> {
        let (made_for, cursor): (String, Vec<CursorValue>) = Some(text)
            .filter(|text| text.len() <= MAX_BYTES)
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| Error::BadCursor("This is not a cursor; use one that a page returned.".to_owned()))?;
        if made_for != order || cursor.len() != values {
            return Err(Error::BadCursor(
                "This cursor belongs to another list or order; start again without it.".to_owned(),
            ));
        }
        Ok(Self(cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_round_trips() {
        let cursor =
            Cursor(vec![CursorValue::Integer(i64::MAX), CursorValue::Text("é\"\0".to_owned()), CursorValue::Null]);
        assert_eq!(Cursor::decode(&cursor.encode("a"), "a", 3).ok(), Some(cursor.clone()));
        assert!(Cursor::decode(&cursor.encode("a"), "b", 3).is_err(), "another order");
        assert!(Cursor::decode(&cursor.encode("a"), "a", 1).is_err(), "another length");
    }

    #[test]
    fn a_cursor_holds_only_integers_texts_and_nulls() {
        let decode = |json: &str| Cursor::decode(&URL_SAFE_NO_PAD.encode(json), "a", 1).ok();
        assert_eq!(decode(r#"["a",[-7]]"#), Some(Cursor(vec![CursorValue::Integer(-7)])));
        for place in
            ["true", "0.5", "1e400", "18446744073709551615", "[]", "{}", r#"{"$serde_json::private::RawValue":"1"}"#]
        {
            assert_eq!(decode(&format!(r#"["a",[{place}]]"#)), None, "{place}");
        }
    }

    #[test]
    fn the_longest_cursor_of_a_list_is_accepted() {
        let text = || CursorValue::Text("\u{1}".repeat(101));
        let cursor = Cursor(vec![text(), text(), text(), CursorValue::Integer(i64::MIN)]);
        assert_eq!(Cursor::decode(&cursor.encode("a"), "a", 4).ok(), Some(cursor));
        let longer = Cursor(vec![CursorValue::Text("a".repeat(MAX_BYTES))]);
        assert!(Cursor::decode(&longer.encode("a"), "a", 1).is_err());
    }

    #[test]
    fn other_cursors_are_refused() {
        for text in ["", "a", "====", "W10", "eyJhIjoxfQ", "\u{0}", "é", &"A".repeat(100_000)] {
            assert_eq!(Cursor::decode(text, "a", 1).err().map(|error| error.code()), Some("BAD_CURSOR"));
        }
    }
}
