//! People where a note mentions them: nested whole, in part, or by a bare id.

use chrono::{DateTime, Utc};

use super::object::{Fields, Object};
use super::reader::{Reader, Reject, id};
use super::source::{forget, keep, overlay};
use super::{customer, user};
use crate::entity;

/// A customer or a user as one place of a record mentions them.
#[derive(Clone, Debug)]
pub struct Mention<Row> {
    pub id: i64,
    /// What the record says of them; `None` for a bare id.
    pub said: Option<(Object, Row)>,
}

pub type Customer = Mention<entity::customer::Model>;
pub type User = Mention<entity::user::Model>;

/// The most bytes of the object that describes somebody: several times what the API takes. What is not in a column is kept
/// beside the row, and people are held by the thousand while records that mention them are read and written.
const LARGEST: usize = 64 << 10;

/// Reads the object that describes somebody; `name` is where it stands.
///
/// # Errors
/// When it is too large, or no object: `None`.
pub fn describe(path: &str, name: &str, raw: &str) -> Result<Option<Object>, Reject> {
    if raw.len() > LARGEST {
        return Err(format!("{path}{name} has {} bytes; at most {LARGEST} are taken", raw.len()));
    }
    Ok(Object::parse(raw).ok())
}

/// The author, the poster of a message, who assigned: under `key`, and the bare id under `id_key` where there is one.
///
/// # Errors
/// When the two contradict each other, an id is none, or what is nested cannot be read.
pub fn read_user(reader: &mut Reader<'_>, key: &str, id_key: Option<&str>) -> Result<Option<User>, Reject> {
    mention(reader, key, id_key, user::read)
}

/// # Errors
/// As of [`read_user`].
pub fn read_customer(
    reader: &mut Reader<'_>,
    key: &str,
    id_key: &str,
    noted_on: DateTime<Utc>,
) -> Result<Option<Customer>, Reject> {
    mention(reader, key, Some(id_key), |reader, id| customer::read(reader, id, noted_on))
}

fn mention<Row>(
    reader: &mut Reader<'_>,
    key: &str,
    id_key: Option<&str>,
    read: impl FnOnce(&mut Reader<'_>, i64) -> Result<Row, Reject>,
) -> Result<Option<Mention<Row>>, Reject> {
    let bare = id_key.map_or(Ok(None), |id_key| reader.id(id_key))?;
    let nobody = bare.map(|id| Mention { id, said: None });
    let Some(raw) = reader.raw(key) else { return Ok(nobody) };
    if let Some(nested) = id(raw) {
        return match bare {
            Some(bare) if bare != nested => Err(contradiction(reader, key, nested, id_key, bare)),
            _ => Ok(Some(Mention { id: nested, said: None })),
        };
    }
    let Some(object) = describe(&reader.path, key, raw)? else {
        return Err(reader.reject(key, "an object with an id"));
    };
    if object.is_blank() {
        return Ok(nobody);
    }
    let mut nested = reader.inner(&object, key);
    let id = match (nested.id("id")?, bare) {
        (Some(nested), Some(bare)) if nested != bare => return Err(contradiction(reader, key, nested, id_key, bare)),
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Err(nested.reject("id", "an id")),
    };
    let row = read(&mut nested, id)?;
    Ok(Some(Mention { id, said: Some((object, row)) }))
}

fn contradiction(reader: &Reader<'_>, key: &str, nested: i64, id_key: Option<&str>, bare: i64) -> Reject {
    format!("{}{key}.id is {nested}, but {} is {bare}", reader.path, id_key.unwrap_or("id"))
}

/// A row that people are kept in.
pub trait Person: Clone + Send + Sync {
    fn id(&self) -> i64;
    fn source(&self) -> Option<&str>;
    fn set_source(&mut self, source: Option<String>);
    fn set_company(&mut self, company_id: i64);
    /// The keys in their order, with what the columns say.
    fn fields(&self) -> Fields;
    /// Someone of whom only the id is known.
    fn unknown(id: i64, noted_on: DateTime<Utc>) -> Result<Self, Reject>;

    /// The keys with what the record said of them.
    fn said(&self) -> Fields {
        overlay(self.fields(), self.source(), |_, _| true)
    }

    /// What to keep beside the row of `object`, the record that it was read from.
    fn kept(&self, object: &Object) -> Option<String> {
        let fields = self.fields();
        let keys: Vec<_> = fields.iter().map(|(key, _)| key.as_ref()).collect();
        keep(object, &fields, &keys)
    }

    /// Nothing but the id is known: the first record that says more fills the row.
    fn is_placeholder(&self) -> bool {
        self.source().is_some() && self.source() == self.kept(&only_id(self.id())).as_deref()
    }
}

/// An object that says no more than an id.
pub fn only_id(id: i64) -> Object {
    let mut object = Object::default();
    object.put("id", id.to_string());
    object
}

/// Somebody has changed: what an import kept of the originals of those fields is true no longer.
pub fn forget_changes<P: Person>(before: &P, now: &mut P) {
    let (old, new) = (before.fields(), now.fields());
    let changed = old.iter().zip(&new).filter(|(old, new)| old.1 != new.1);
    let keys: Vec<&str> = changed.map(|(old, _)| old.0.as_ref()).collect();
    if !keys.is_empty() {
        now.set_source(forget(before.source().map(str::to_owned), &keys));
    }
}

impl Person for entity::customer::Model {
    fn id(&self) -> i64 {
        self.id
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn set_source(&mut self, source: Option<String>) {
        self.source = source;
    }

    fn set_company(&mut self, company_id: i64) {
        self.company_id = company_id;
    }

    fn fields(&self) -> Fields {
        customer::fields(self)
    }

    fn unknown(id: i64, noted_on: DateTime<Utc>) -> Result<Self, Reject> {
        let nothing = Object::default();
        let mut reader = Reader { object: &nothing, path: String::new(), warnings: &mut Vec::new() };
        customer::read(&mut reader, id, noted_on)
    }
}

impl Person for entity::user::Model {
    fn id(&self) -> i64 {
        self.id
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn set_source(&mut self, source: Option<String>) {
        self.source = source;
    }

    fn set_company(&mut self, company_id: i64) {
        self.company_id = company_id;
    }

    fn fields(&self) -> Fields {
        user::fields(self)
    }

    fn unknown(id: i64, _: DateTime<Utc>) -> Result<Self, Reject> {
        let nothing = Object::default();
        let mut reader = Reader { object: &nothing, path: String::new(), warnings: &mut Vec::new() };
        user::read(&mut reader, id)
    }
}
