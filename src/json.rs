//! Bounded reading of JSON that somebody else wrote.
//!
//! [`check`] bounds nesting and the number of values in one pass over the bytes, before anything is built from them.
//! [`Tree`] and [`Texts`] read values as they are written: `serde_json::Value` would take an object whose first key is
//! the marker of a raw value for JSON inside a text, parse that text anew without a bound, and overflow the stack.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// The deepest nesting of brackets that is read. Below the limit of `serde_json`'s recursive parser, which is 128.
pub const NESTING: usize = 64;

/// What there is too much of in a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Brackets are nested deeper than [`NESTING`].
    Nesting,
    /// There are more values than the bound.
    Values,
}

/// Counts the values of a JSON text, valid or not: one for the whole, one for each opening bracket and each comma outside
/// of strings. Valid JSON never has more values than that. Uses no memory.
///
/// # Errors
/// As soon as brackets are nested deeper than [`NESTING`], or there are more than `most` values.
pub fn check(json: &[u8], most: usize) -> Result<usize, Excess> {
    let (mut depth, mut values) = (0_usize, 1_usize);
    let (mut inside, mut escaped) = (false, false);
    for byte in json {
        if inside {
            inside = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => inside = true,
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                if depth > NESTING {
                    return Err(Excess::Nesting);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => continue,
        }
        if values > most {
            return Err(Excess::Values);
        }
    }
    Ok(values)
}

/// The beginning of the keys by which `serde_json` tells itself how to read an object.
const MARKER: &str = "$serde_json::private::";

/// Whether a JSON text can be given to a library that reads it into `serde_json::Value`: it is valid, and no key in it is
/// one of `serde_json`'s markers.
pub fn is_plain(json: &[u8]) -> bool {
    serde_json::from_slice::<Tree>(json).is_ok_and(|tree| !tree.has_marker())
}

/// A JSON value, to be compared with another one. `1` and `1.0` are two values; the order of keys makes no difference.
#[derive(Debug, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Object(BTreeMap<String, Tree>),
}

impl Tree {
    fn has_marker(&self) -> bool {
        match self {
            Self::List(list) => list.iter().any(Self::has_marker),
            Self::Object(object) => object.iter().any(|(key, value)| key.starts_with(MARKER) || value.has_marker()),
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree, E> {
        Number::from_f64(value).map(Tree::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry()? {
            object.insert(key, value);
        }
        Ok(Tree::Object(object))
    }
}

/// Reads every string of a JSON value and keeps none: succeeds where all of them are valid text, so that none holds half
/// of a surrogate pair.
#[derive(Debug)]
pub struct Texts;

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Texts {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        assert_eq!(check(br#"{"a":[1,2],"b,[{":"\",[{"}"#, 10), Ok(5));
        assert_eq!(check(b"[1,2,3]", 3), Err(Excess::Values));
        assert_eq!(check(b"[1,2,3]", 4), Ok(4));
        assert_eq!(check(b"]]]]", 1), Ok(1));
    }

    #[test]
    fn nesting_is_bounded_and_breadth_is_not_nesting() {
        let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
        assert!(check(&nested(NESTING), usize::MAX).is_ok());
        assert_eq!(check(&nested(NESTING + 1), usize::MAX), Err(Excess::Nesting));
        assert!(check(&nested(1).repeat(1_000), usize::MAX).is_ok());
    }

    /// `serde_json::Value` would read the text inside, as deep as that goes.
    #[test]
    fn the_marker_of_raw_values_is_a_key_like_any_other() {
        let hidden = r#"{"$serde_json::private::RawValue":"[\"\\ud800\"]"}"#;
        let Tree::Object(object) = serde_json::from_str(hidden).unwrap() else { panic!("no object") };
        assert_eq!(object["$serde_json::private::RawValue"], Tree::Text(r#"["\ud800"]"#.to_owned()));
        assert!(serde_json::from_str::<Texts>(hidden).is_ok());
        let deep = serde_json::to_string(&"[".repeat(1_000_000)).unwrap();
        assert!(serde_json::from_str::<Tree>(&format!(r#"{{"$serde_json::private::RawValue":{deep}}}"#)).is_ok());
    }

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

    #[test]
    fn halves_of_surrogate_pairs_are_found_wherever_they_are() {
        for broken in [r#""\ud800""#, r#"[{"a":["\udc00"]}]"#, r#"{"\ud800":1}"#] {
            assert!(serde_json::from_str::<Texts>(broken).is_err(), "{broken}");
        }
        assert!(serde_json::from_str::<Texts>(r#"{"a":[1,-1,1.5,true,null,"\ud83d\ude00"]}"#).is_ok());
    }
}
