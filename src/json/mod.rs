//! Parses untrusted JSON within limits.
//!
//! `serde_json` and `async_graphql` each reserve a key that makes them parse the text below it as JSON once more (that
//! is how `RawValue` works), with a nesting limit that starts anew. So client input is never parsed into
//! `serde_json::Value`, or into a type that contains one: the trees here are built value by value, no key has a special
//! meaning, and every value that is built is counted. Requests with such a key are refused: only attacks contain one,
//! and no value of a client must be mistaken for JSON that the server has written.
//!
//! Duplicate keys in an object are refused: RFC 8259, section 4, leaves their meaning open, and GraphQL refuses them in
//! literals (5.6.3, Input Object Field Uniqueness).

pub mod object;
mod tree;

use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

pub use tree::Tree;

use crate::text::quote::quote;

/// Maximum nesting of lists and objects. `serde_json` has a limit of 128 of its own.
pub const MAX_DEPTH: usize = 100;

/// Prefixes of the keys that libraries reserve. They are matched without regard to case and word separators.
const RESERVED: [&str; 2] = ["$serdejson::", "$asyncgraphql::"];

/// The number of values that may still be read, over all texts of one request.
#[derive(Debug)]
pub struct ValueLimit {
    max: usize,
    left: Cell<usize>,
    refuses_reserved: bool,
}

impl ValueLimit {
    /// A limit for requests, which refuses reserved keys.
    pub fn new(max: usize) -> Self {
        Self { max, left: Cell::new(max), refuses_reserved: true }
    }

    /// No limit, for texts that are bounded by their length and may contain any key.
    pub fn none() -> Self {
        Self { refuses_reserved: false, ..Self::new(usize::MAX) }
    }

    fn check_key<E: Error>(&self, key: &str) -> Result<(), E> {
        if !self.refuses_reserved || !key.starts_with('$') {
            return Ok(());
        }
        let plain: String = key.chars().filter(|c| !matches!(c, '-' | '_')).take(50).collect();
        let plain = plain.to_ascii_lowercase();
        if RESERVED.iter().any(|reserved| plain.starts_with(reserved)) {
            return Err(E::custom(format!("the key {} is reserved", quote(key))));
        }
        Ok(())
    }

    fn take<E: Error>(&self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| E::custom(format!("it contains more than {} values", self.max)))?);
        Ok(())
    }
}

/// Parses a JSON text into a tree.
///
/// # Errors
/// If the text is not JSON, contains an unpaired surrogate or a duplicate key, or exceeds a limit.
pub fn parse<T: Tree>(text: &str, limit: &ValueLimit) -> serde_json::Result<T> {
    read(text, Build::new(limit))
}

/// Parses a JSON object like [`parse`], but builds only those of its fields that `is_wanted` names, and checks the others
/// like [`check`].
///
/// # Errors
/// See [`parse`].
pub fn parse_fields<T: Tree>(
    text: &str,
    limit: &ValueLimit,
    is_wanted: &dyn Fn(&str) -> bool,
) -> serde_json::Result<T> {
    read(text, Build { is_wanted: Some(is_wanted), ..Build::new(limit) })
}

/// Checks a JSON text like [`parse`], except for duplicate keys, without building anything.
///
/// # Errors
/// See [`parse`].
pub fn check(text: &str, limit: &ValueLimit) -> serde_json::Result<()> {
    read(text, Check { limit, depth: 0 })
}

fn read<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> serde_json::Result<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// A tree inside a larger type that is deserialized. Its values are not limited.
#[derive(Clone, Debug, Default)]
pub struct JsonTree<T>(pub T);

impl<'de, T: Tree> Deserialize<'de> for JsonTree<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Build::new(&ValueLimit::none()).deserialize(deserializer).map(Self)
    }
}

fn deeper<E: Error>(depth: usize) -> Result<usize, E> {
    if depth < MAX_DEPTH {
        Ok(depth + 1)
    } else {
        Err(E::custom(format!("it has more than {MAX_DEPTH} nested levels")))
    }
}

/// Builds a value, including nested ones.
struct Build<'a, T> {
    limit: &'a ValueLimit,
    depth: usize,
    /// Which fields of the object are built; all if absent.
    is_wanted: Option<&'a dyn Fn(&str) -> bool>,
    tree: std::marker::PhantomData<T>,
}

impl<'a, T: Tree> Build<'a, T> {
    fn new(limit: &'a ValueLimit) -> Self {
        Self { limit, depth: 0, is_wanted: None, tree: std::marker::PhantomData }
    }

    fn at(&self, depth: usize) -> Self {
        Self { depth, ..Self::new(self.limit) }
    }
}

impl<'de, T: Tree> DeserializeSeed<'de> for Build<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        self.limit.take()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Tree> Visitor<'de> for Build<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::null())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        Ok(T::boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        Ok(T::number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        Ok(T::number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        serde_json::Number::from_f64(value).map(T::number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        Ok(T::text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<T, E> {
        Ok(T::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<T, A::Error> {
        let depth = deeper(self.depth)?;
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self.at(depth))? {
            list.push(element);
        }
        Ok(T::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<T, A::Error> {
        let depth = deeper(self.depth)?;
        let mut fields = T::Fields::default();
        while let Some(key) = entries.next_key::<String>()? {
            self.limit.check_key(&key)?;
            if self.is_wanted.is_some_and(|is_wanted| !is_wanted(&key)) {
                entries.next_value_seed(Check { limit: self.limit, depth })?;
                continue;
            }
            if T::holds(&fields, &key) {
                return Err(A::Error::custom(format!("the key {} occurs twice in an object", quote(&key))));
            }
            let value = entries.next_value_seed(self.at(depth))?;
            T::insert(&mut fields, key, value);
        }
        Ok(T::object(fields))
    }
}

/// Reads a value, including nested ones, and discards it.
#[derive(Clone, Copy)]
struct Check<'a> {
    limit: &'a ValueLimit,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Check<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.limit.take()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let nested = Self { depth: deeper(self.depth)?, ..self };
        while elements.next_element_seed(nested)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let nested = Self { depth: deeper(self.depth)?, ..self };
        while entries.next_key_seed(Key(self.limit))?.is_some() {
            entries.next_value_seed(nested)?;
        }
        Ok(())
    }
}

/// Reads a key, in order to detect unpaired surrogates, and discards it.
struct Key<'a>(&'a ValueLimit);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.0.check_key(key)
    }
}

#[cfg(test)]
mod tests;
