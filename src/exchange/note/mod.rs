//! Notes in the exchange format.

mod read;
mod write;

use chrono::{DateTime, Utc};

use super::assignee::ImportedAssignee;
use super::message::ImportedMessage;
use super::object::RawObject;
use super::person::{CustomerRef, UserRef};
use crate::store::entity::note;
use crate::store::entity::note::{NoteStatus, ReferenceType};

pub use read::read;
pub use write::{Parts, fields, honour};

/// A note as a record describes it, with everything nested in it; the row lacks what the database assigns: company,
/// type.
#[derive(Clone, Debug)]
pub struct ImportedNote {
    pub object: RawObject,
    pub row: note::Model,
    pub company_id: Option<i64>,
    pub type_name: Option<String>,
    pub type_id: Option<i64>,
    pub customer: Option<CustomerRef>,
    pub user: Option<UserRef>,
    pub updated_by: Option<UserRef>,
    pub assignees: Vec<ImportedAssignee>,
    pub messages: Vec<ImportedMessage>,
    pub warnings: Vec<String>,
    /// Whether the record is in the format of the notes REST API; exports then omit the keys that it does not have.
    pub sparse: bool,
}

/// The keys whose absence is kept. All others are written only if they have something to say.
pub const KEYS: [&str; 20] = [
    "id",
    "reference_type",
    "reference_id",
    "type",
    "details",
    "created_on",
    "status",
    "reminder",
    "user_id",
    "company_id",
    "customer_id",
    "confidential",
    "priority",
    "tags",
    "subject",
    "customer",
    "user",
    "assignees",
    "messages",
    "type_id",
];

const STATUSES: [(&str, NoteStatus); 2] = [("open", NoteStatus::Open), ("closed", NoteStatus::Closed)];

const REFERENCE_TYPES: [(&str, ReferenceType); 10] = [
    ("business", ReferenceType::Business),
    ("customer", ReferenceType::Customer),
    ("membershipCard", ReferenceType::MembershipCard),
    ("order", ReferenceType::Order),
    ("point_earned", ReferenceType::PointEarned),
    ("subscription", ReferenceType::Subscription),
    ("transaction", ReferenceType::Transaction),
    ("reservation", ReferenceType::Reservation),
    ("appointment", ReferenceType::Appointment),
    ("event", ReferenceType::Event),
];

/// The exchange format's name of a status.
pub fn status_name(status: NoteStatus) -> &'static str {
    STATUSES.iter().find(|(_, other)| *other == status).map_or("", |(name, _)| name)
}

/// The exchange format's name of a reference type.
pub fn reference_name(kind: ReferenceType) -> &'static str {
    REFERENCE_TYPES.iter().find(|(_, other)| *other == kind).map_or("", |(name, _)| name)
}

/// The time of a note's last change, as far as it follows from other keys: that of the latest message.
pub fn updated_on(created_on: DateTime<Utc>, last_message: Option<DateTime<Utc>>) -> DateTime<Utc> {
    last_message.map_or(created_on, |last| last.max(created_on))
}

/// Parses the number of a note's version, from 1.
fn version(text: &str) -> Option<i32> {
    text.parse().ok().filter(|version| *version >= 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::object::join;
    use crate::note::all_fields;
    use crate::store::entity::note::Tags;
    use crate::store::entity::note_type;

    /// A note in which no field has its default value.
    fn full() -> note::Model {
        let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        note::Model {
            id: 7,
            version: 3,
            type_id: Some(4),
            subject: Some("Äpfel".to_owned()),
            subject_folded: Some("äpfel".to_owned()),
            details: Some("two lines\nof text".to_owned()),
            status: NoteStatus::Closed,
            priority: true,
            confidential: true,
            show_on_overview: true,
            reminder: Some(time(1_700_000_000)),
            tags: Tags(vec!["urgent".to_owned(), "a \"quoted\" tag".to_owned()]),
            reference_type: Some(ReferenceType::MembershipCard),
            reference_id: Some("A-1".to_owned()),
            customer_id: Some(5),
            user_id: Some(6),
            created_on: time(1_600_000_000),
            updated_on: time(1_650_000_000),
            closed_on: Some(time(1_640_000_000)),
            ..note::Model::default()
        }
    }

    #[test]
    fn an_import_reads_each_field_that_an_export_writes() {
        let (empty, full) = (note::Model::default(), full());
        let kind = note_type::Model { company_id: 0, id: 4, name: "Call".to_owned(), from_import: false };
        let customer = "{\"id\":5,\"first_name\":\"Cid\"}";
        let parts = Parts {
            note_type: Some(&kind),
            customer: Some(customer),
            assignees: "null",
            messages: "null",
            ..Parts::default()
        };
        let object = RawObject::parse(&join(&fields(&full, parts))).unwrap();
        let read = read(object.clone(), false, DateTime::default()).unwrap();
        let row = note::Model { type_id: read.type_id, ..read.row };
        for field in all_fields() {
            let name = field.name;
            assert!(field.differs(&empty, &full), "give `{name}` a value in this test");
            assert!(field.keys.iter().any(|key| object.says(key)), "the export does not write `{name}`");
            assert!(!field.differs(&full, &row), "the import does not read what the export writes of `{name}`");
        }
    }
}
