use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One of the values that an order compares.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Place {
    Integer(i64),
    Text(String),
    /// Where the column is empty.
    Nothing,
}

impl From<i64> for Place {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl Place {
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// A position in a list: the values that its order compares, the ID last.
///
/// It holds the name of the order, so that a cursor of one list is not taken for one of another. It is no secret and
/// no permission: what a viewer may see is decided by the finder, whatever the cursor says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub Vec<Place>);

impl Cursor {
    pub fn encode(&self, order: &str) -> String {
        let json = serde_json::json!([order, self.0]);
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    /// # Errors
    /// `BAD_CURSOR`, where the text is none, or a cursor of another order.
    pub fn decode(text: &str, order: &str, values: usize) -> Result<Self> {
        let (made_for, cursor): (String, Vec<Place>) = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| Error::BadCursor("This is not a cursor; pass one that a page gave.".to_owned()))?;
        if made_for != order || cursor.len() != values {
            return Err(Error::BadCursor(
                "This cursor is of another list or order; start again without it.".to_owned(),
            ));
        }
        Ok(Self(cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back() {
        let cursor = Cursor(vec![Place::Integer(i64::MAX), Place::Text("é\"\0".to_owned()), Place::Nothing]);
        assert_eq!(Cursor::decode(&cursor.encode("a"), "a", 3).ok(), Some(cursor.clone()));
        assert!(Cursor::decode(&cursor.encode("a"), "b", 3).is_err(), "another order");
        assert!(Cursor::decode(&cursor.encode("a"), "a", 1).is_err(), "another length");
    }

    #[test]
    fn whatever_else_is_refused() {
        for text in ["", "a", "====", "W10", "eyJhIjoxfQ", "\u{0}", "é", &"A".repeat(100_000)] {
            assert_eq!(Cursor::decode(text, "a", 1).err().map(|error| error.code()), Some("BAD_CURSOR"));
        }
    }
}
