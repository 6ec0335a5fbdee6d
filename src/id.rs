//! Global ids: `Note:42`. They name a record across all types, as Relay's Node interface asks; where the type is
//! clear from the argument the bare key `42` does as well.

use async_graphql::ID;
use async_graphql::registry::Registry;

use crate::engine::Leaf;
use crate::error::{Error, Result};

/// The types that have global ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Company,
    Customer,
    User,
    NoteType,
    Note,
    NoteMessage,
}

impl Kind {
    /// The kind that ids of this prefix are of.
    pub fn named(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == prefix)
    }

    const ALL: [Self; 6] = [Self::Company, Self::Customer, Self::User, Self::NoteType, Self::Note, Self::NoteMessage];

    /// The name of the type in the schema, which is also the prefix of its ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Company => "Company",
            Self::Customer => "Customer",
            Self::User => "User",
            Self::NoteType => "NoteType",
            Self::Note => "Note",
            Self::NoteMessage => "NoteMessage",
        }
    }

    pub fn id(self, key: i64) -> ID {
        ID(format!("{}:{key}", self.name()))
    }

    /// The key in an id of this kind, given in full (`Note:42`) or bare (`42`).
    ///
    /// # Errors
    /// A sentence for the client, where it is an id of another kind or none at all.
    pub fn parse(self, id: &str) -> std::result::Result<i64, String> {
        let key = match id.split_once(':') {
            None => key(id),
            Some((prefix, bare)) if prefix == self.name() => key(bare),
            Some(_) => None,
        };
        key.ok_or_else(|| {
            format!("{} is not the ID of a {name}, such as \"{name}:42\".", quote(id), name = self.name())
        })
    }

    /// The same for an argument of a query.
    ///
    /// # Errors
    /// INVALID, where it is an id of another kind or none at all.
    pub fn key(self, id: &ID) -> Result<i64> {
        self.parse(id).map_err(Error::Invalid)
    }
}

/// A global id to be given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalId(pub Kind, pub i64);

impl Leaf for GlobalId {
    fn register(registry: &mut Registry) -> String {
        <ID as Leaf>::register(registry)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.0.name().as_bytes());
        out.push(b':');
        // Writing to a Vec does not fail.
        let _ = serde_json::to_writer(&mut *out, &self.1);
        out.push(b'"');
    }
}

/// The kind and the key of a global id given in full.
///
/// # Errors
/// INVALID, where it is none.
pub fn parse_global(id: &ID) -> Result<(Kind, i64)> {
    id.split_once(':')
        .and_then(|(prefix, bare)| {
            let kind = Kind::named(prefix)?;
            Some((kind, key(bare)?))
        })
        .ok_or_else(|| Error::Invalid(format!("{} is not a global ID, such as \"Note:42\".", quote(id))))
}

/// One spelling for each key: decimal, no sign, no leading zeros.
fn key(text: &str) -> Option<i64> {
    text.parse().ok().filter(|key: &i64| *key > 0 && key.to_string() == text)
}

/// What a client sent, cut short, to be shown in an error.
pub fn quote(text: &str) -> String {
    let short: String = text.chars().take(50).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("{short:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_bare_ids_name_the_same_record() {
        assert_eq!(Kind::Note.parse("42"), Ok(42));
        assert_eq!(Kind::Note.parse("Note:42"), Ok(42));
        assert_eq!(Kind::Note.parse("9223372036854775807"), Ok(i64::MAX));
    }

    #[test]
    fn there_is_one_spelling() {
        for id in ["Customer:42", "note:42", "042", "+42", "-42", "0", " 42", "42 ", "", "Note:", "9223372036854775808"]
        {
            assert!(Kind::Note.parse(id).is_err(), "{id:?} was taken");
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert!(quote(&"x".repeat(1000)).len() < 60);
    }
}
