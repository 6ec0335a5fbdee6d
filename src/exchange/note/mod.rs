//! Notes in the exchange format.

mod format;
mod imported;
mod read;
mod write;

pub use format::{KEYS, reference_name, status_name};
pub use imported::ImportedNote;
pub use read::read;
pub use write::{Parts, fields, honour};

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::ids::{CompanyId, CustomerId, NoteId, NoteTypeId, UserId};
    use crate::json::object::{RawObject, join};
    use crate::note::all_fields;
    use crate::store::entity::note::{self, NoteStatus, ReferenceType, Tags};
    use crate::store::entity::note_type;

    /// A note in which no field has its default value.
    fn full() -> note::Model {
        let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        note::Model {
            id: NoteId(7),
            version: 3,
            type_id: Some(NoteTypeId(4)),
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
            customer_id: Some(CustomerId(5)),
            user_id: Some(UserId(6)),
            created_on: time(1_600_000_000),
            updated_on: time(1_650_000_000),
            closed_on: Some(time(1_640_000_000)),
            ..note::Model::default()
        }
    }

    #[test]
    fn an_import_reads_each_field_that_an_export_writes() {
        let (empty, full) = (note::Model::default(), full());
        let kind = note_type::Model {
            company_id: CompanyId::default(),
            id: NoteTypeId(4),
            name: "Call".to_owned(),
            from_import: false,
        };
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
