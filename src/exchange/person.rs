//! People where a note mentions them: as a full or partial object, or as a bare id.

use chrono::{DateTime, Utc};

use super::reader::{ObjectReader, Reject, id};
use super::{customer, user};
use crate::ids::{CompanyId, CustomerId, RecordId, UserId};
use crate::json::object::{JsonFields, RawObject};
use crate::people::Imported;
use crate::store::entity;
use crate::store::provenance::{forget, overlay, provenance};

/// A mention of a customer or a user in a record.
#[derive(Clone, Debug)]
pub struct PersonRef<Row: Person> {
    pub id: Row::Id,
    /// The object in the record with the row read from it; `None` for a bare id.
    pub said: Option<(RawObject, Row)>,
}

pub type CustomerRef = PersonRef<entity::customer::Model>;
pub type UserRef = PersonRef<entity::user::Model>;

/// Maximum number of bytes of an object that describes a person: several times what the API accepts. Values that no
/// column can hold are kept with the row, and thousands of people are in memory while records that mention them are
/// read and written.
const LARGEST: usize = 64 << 10;

/// Parses the object that describes a person, at `path` and `name` in the record; returns `None` if it is not an
/// object.
///
/// # Errors
/// When it is too large.
pub fn describe(path: &str, name: &str, raw: &str) -> Result<Option<RawObject>, Reject> {
    if raw.len() > LARGEST {
        return Err(format!("{path}{name} has {} bytes; at most {LARGEST} are allowed", raw.len()));
    }
    Ok(RawObject::parse(raw).ok())
}

/// Reads a user, such as the author of a note or a message: under `key`, with the bare id under `id_key` if there is
/// one.
///
/// # Errors
/// When the two contradict each other, an id is invalid, or what is nested is invalid.
pub fn read_user(reader: &mut ObjectReader<'_>, key: &str, id_key: Option<&str>) -> Result<Option<UserRef>, Reject> {
    read_person(reader, key, id_key, user::read)
}

/// # Errors
/// As for [`read_user`].
pub fn read_customer(
    reader: &mut ObjectReader<'_>,
    key: &str,
    id_key: &str,
    noted_on: DateTime<Utc>,
) -> Result<Option<CustomerRef>, Reject> {
    read_person(reader, key, Some(id_key), |reader, id| customer::read(reader, id, noted_on))
}

fn read_person<Row: Person>(
    reader: &mut ObjectReader<'_>,
    key: &str,
    id_key: Option<&str>,
    read: impl FnOnce(&mut ObjectReader<'_>, Row::Id) -> Result<Row, Reject>,
) -> Result<Option<PersonRef<Row>>, Reject> {
    let bare = id_key.map_or(Ok(None), |id_key| reader.id(id_key))?;
    let nobody = bare.map(|id| PersonRef { id, said: None });
    let Some(raw) = reader.raw(key) else { return Ok(nobody) };
    if let Some(nested) = id(raw) {
        return match bare {
            Some(bare) if bare != nested => Err(contradiction(reader, key, nested, id_key, bare)),
            _ => Ok(Some(PersonRef { id: nested, said: None })),
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
    Ok(Some(PersonRef { id, said: Some((object, row)) }))
}

fn contradiction<I: RecordId>(
    reader: &ObjectReader<'_>,
    key: &str,
    nested: I,
    id_key: Option<&str>,
    bare: I,
) -> Reject {
    format!("{}{key}.id is {nested}, but {} is {bare}", reader.path, id_key.unwrap_or("id"))
}

/// The row of a person.
pub trait Person: Clone + Send + Sync {
    type Id: RecordId;

    fn id(&self) -> Self::Id;
    fn source(&self) -> Option<&str>;
    fn set_source(&mut self, source: Option<String>);
    fn set_company(&mut self, company_id: CompanyId);
    /// The keys in their order, with the values of the columns.
    fn fields(&self) -> JsonFields;
    /// A person of whom only the id is known.
    fn unknown(id: Self::Id, noted_on: DateTime<Utc>) -> Result<Self, Reject>;

    /// The keys with the values of the record that the row was read from.
    fn original_fields(&self) -> JsonFields {
        overlay(self.fields(), self.source(), |_, _| true)
    }

    /// The values of `object`, the record that the row was read from, that its columns cannot hold.
    fn provenance(&self, object: &RawObject) -> Option<String> {
        let fields = self.fields();
        let keys: Vec<_> = fields.iter().map(|(key, _)| key.as_ref()).collect();
        provenance(object, &fields, &keys)
    }

    /// Whether only the id is known; the first record with more than that fills the row.
    fn is_placeholder(&self) -> bool {
        self.source().is_some() && self.source() == self.provenance(&only_id(self.id())).as_deref()
    }
}

/// An object with nothing but an id.
pub fn only_id(id: impl RecordId) -> RawObject {
    let mut object = RawObject::default();
    object.put("id", id.to_string());
    object
}

/// Forgets the imported original values of fields that differ between `before` and `now`.
fn forget_changes<P: Person>(before: &P, now: &mut P) {
    let (old, new) = (before.fields(), now.fields());
    let changed = old.iter().zip(&new).filter(|(old, new)| old.1 != new.1);
    let keys: Vec<&str> = changed.map(|(old, _)| old.0.as_ref()).collect();
    if !keys.is_empty() {
        now.set_source(forget(before.source().map(str::to_owned), &keys));
    }
}

impl Imported for entity::customer::Model {
    fn forget_changes(&mut self, before: &Self) {
        forget_changes(before, self);
    }
}

impl Imported for entity::user::Model {
    fn forget_changes(&mut self, before: &Self) {
        forget_changes(before, self);
    }
}

impl Person for entity::customer::Model {
    type Id = CustomerId;

    fn id(&self) -> CustomerId {
        self.id
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn set_source(&mut self, source: Option<String>) {
        self.source = source;
    }

    fn set_company(&mut self, company_id: CompanyId) {
        self.company_id = company_id;
    }

    fn fields(&self) -> JsonFields {
        customer::fields(self)
    }

    fn unknown(id: CustomerId, noted_on: DateTime<Utc>) -> Result<Self, Reject> {
        let nothing = RawObject::default();
        let mut reader = ObjectReader { object: &nothing, path: String::new(), warnings: &mut Vec::new() };
        customer::read(&mut reader, id, noted_on)
    }
}

impl Person for entity::user::Model {
    type Id = UserId;

    fn id(&self) -> UserId {
        self.id
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn set_source(&mut self, source: Option<String>) {
        self.source = source;
    }

    fn set_company(&mut self, company_id: CompanyId) {
        self.company_id = company_id;
    }

    fn fields(&self) -> JsonFields {
        user::fields(self)
    }

    fn unknown(id: UserId, _: DateTime<Utc>) -> Result<Self, Reject> {
        let nothing = RawObject::default();
        let mut reader = ObjectReader { object: &nothing, path: String::new(), warnings: &mut Vec::new() };
        user::read(&mut reader, id)
    }
}
