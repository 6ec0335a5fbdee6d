//! The table of a note's fields: how each is called in the API and in the exchange format, which column holds it, which
//! inputs take it, and how the event log shows it.
//!
//! Patches, imports and the event log go through this table. Tests compare it with the schema and with the exchange
//! format, and name a field that was forgotten.

use async_graphql::Enum;
use breadth::{EnumType, enum_value, leaf_enum};
use chrono::{DateTime, Utc};
use sea_orm::Set;
use serde_json::{Value as Json, json};

use super::enums::{NoteReferenceType, NoteStatus};
use crate::graphql::global_id::NodeId;
use crate::graphql::scalars;
use crate::store::entity::event::{EventValue, FieldChange};
use crate::store::entity::note;

/// A field of notes, as patches, imports and the event log handle it.
pub struct NoteFieldSpec {
    /// The name in the API and in the event log.
    pub name: &'static str,
    /// The columns: the first has the value, the others are derived from it.
    pub columns: &'static [&'static str],
    /// The keys in the exchange format. An import sets the field if the record has one of them; a patch of the field
    /// invalidates their original values.
    pub keys: &'static [&'static str],
    /// The inputs of the schema that have the field; in `NoteOrderField`, its name is in capitals.
    pub inputs: &'static [&'static str],
    differs: fn(&note::Model, &note::Model) -> bool,
    copy: fn(&note::Model, &mut note::Model),
    write: fn(&note::Model, &mut note::ActiveModel),
    value: fn(&note::Model) -> EventValue,
}

impl NoteFieldSpec {
    /// Whether the notes differ in the field.
    pub fn differs(&self, one: &note::Model, other: &note::Model) -> bool {
        (self.differs)(one, other)
    }

    /// Sets the field of `to` to that of `from`.
    pub fn copy(&self, from: &note::Model, to: &mut note::Model) {
        (self.copy)(from, to);
    }

    /// Adds the field's columns to those that a statement writes.
    pub fn write(&self, note: &note::Model, columns: &mut note::ActiveModel) {
        (self.write)(note, columns);
    }

    /// The change of the field, for the event log.
    pub fn change(&self, old: &note::Model, new: &note::Model) -> FieldChange {
        FieldChange::new(self.name, (self.value)(old), (self.value)(new))
    }
}

macro_rules! spec {
    ($name:literal, $column:ident $(+ $derived:ident)*, $keys:expr, $inputs:expr, $value:expr) => {
        NoteFieldSpec {
            name: $name,
            columns: &[stringify!($column), $(stringify!($derived),)*],
            keys: &$keys,
            inputs: &$inputs,
            differs: |one, other| one.$column != other.$column,
            copy: |from, to| {
                to.$column = from.$column.clone();
                $(to.$derived = from.$derived.clone();)*
            },
            write: |note, columns| {
                columns.$column = Set(note.$column.clone());
                $(columns.$derived = Set(note.$derived.clone());)*
            },
            value: $value,
        }
    };
}

macro_rules! fields {
    (
        patched { $($(#[$docs:meta])* $field:ident => ($($spec:tt)*);)* }
        imported { $(($($other:tt)*);)* }
    ) => {
        /// A field of a note that a patch can change, by its name. Values may be added: clients keep a fallback branch.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        #[graphql(rename_items = "camelCase")]
        pub enum NoteField {
            $($(#[$docs])* $field,)*
        }
        leaf_enum!(NoteField);

        impl NoteField {
            pub const ALL: &[Self] = &[$(Self::$field,)*];
        }

        /// The fields that patches change, in the order of [`NoteField`].
        static PATCHED: &[NoteFieldSpec] = &[$(spec!($($spec)*),)*];
        /// The fields that only imports change.
        static IMPORTED: &[NoteFieldSpec] = &[$(spec!($($other)*),)*];
    };
}

fields! {
    patched {
        /// `customerId`, and `customer` with it.
        CustomerId => ("customerId", customer_id, ["customer_id", "customer"],
            ["NoteCreateInput", "NotePatch", "NoteFilter"], |note| link(note.customer_id));
        /// `typeId`, and `type` with it.
        TypeId => ("typeId", type_id, ["type", "type_id"],
            ["NoteCreateInput", "NotePatch", "NoteFilter"], |note| link(note.type_id));
        /// `subject`.
        Subject => ("subject", subject + subject_folded, ["subject"],
            ["NoteCreateInput", "NotePatch", "NoteFilter", "NoteOrderField"],
            |note| EventValue::text(note.subject.as_deref()));
        /// `details`.
        Details => ("details", details, ["details"],
            ["NoteCreateInput", "NotePatch"], |note| EventValue::text(note.details.as_deref()));
        /// `status`, and `closedOn` with it.
        Status => ("status", status, ["status"],
            ["NoteCreateInput", "NotePatch", "NoteFilter", "NoteOrderField"],
            |note| item(NoteStatus::from(note.status)));
        /// `reminder`.
        Reminder => ("reminder", reminder, ["reminder"],
            ["NoteCreateInput", "NotePatch", "NoteFilter", "NoteOrderField"], |note| time(note.reminder));
        /// `referenceType`.
        ReferenceType => ("referenceType", reference_type, ["reference_type"],
            ["NoteCreateInput", "NotePatch", "NoteFilter"],
            |note| note.reference_type.map_or_else(|| Json::Null.into(), |kind| item(NoteReferenceType::from(kind))));
        /// `referenceId`.
        ReferenceId => ("referenceId", reference_id, ["reference_id"],
            ["NoteCreateInput", "NotePatch", "NoteFilter"], |note| EventValue::text(note.reference_id.as_deref()));
        /// `confidential`.
        Confidential => ("confidential", confidential, ["confidential"],
            ["NoteCreateInput", "NotePatch", "NoteFilter"], |note| json!(note.confidential).into());
        /// `priority`.
        Priority => ("priority", priority, ["priority"],
            ["NoteCreateInput", "NotePatch", "NoteFilter", "NoteOrderField"], |note| json!(note.priority).into());
        /// `showOnOverview`.
        ShowOnOverview => ("showOnOverview", show_on_overview, ["show_on_overview"],
            ["NoteCreateInput", "NotePatch", "NoteFilter", "NoteOrderField"],
            |note| json!(note.show_on_overview).into());
        /// `tags`.
        Tags => ("tags", tags, ["tags"],
            ["NoteCreateInput", "NotePatch", "NoteFilter"], |note| EventValue::list(&note.tags.0));
    }
    imported {
        ("userId", user_id, ["user_id", "user"], ["NoteFilter"], |note| link(note.user_id));
        ("createdOn", created_on, ["created_on"], ["NoteFilter", "NoteOrderField"], |note| time(Some(note.created_on)));
    }
}

impl NoteField {
    pub fn spec(self) -> &'static NoteFieldSpec {
        &PATCHED[self as usize]
    }

    /// The fields in which the notes differ.
    pub fn changed(old: &note::Model, new: &note::Model) -> Vec<Self> {
        Self::ALL.iter().copied().filter(|field| field.spec().differs(old, new)).collect()
    }
}

/// All fields, those that only imports change among them.
pub fn all_fields() -> impl Iterator<Item = &'static NoteFieldSpec> {
    PATCHED.iter().chain(IMPORTED)
}

fn link(id: Option<impl NodeId>) -> EventValue {
    json!(id.map(|id| id.global_id().0)).into()
}

fn time(time: Option<DateTime<Utc>>) -> EventValue {
    json!(time.map(|time| scalars::DateTime(time).text())).into()
}

/// The name of an enum value in the schema.
fn item(value: impl EnumType) -> EventValue {
    enum_value(value).into_json().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use sea_orm::{IdenStatic, Iterable};

    use super::*;

    /// Columns that no client and no record sets directly.
    const MAINTAINED: [&str; 8] =
        ["company_id", "id", "version", "message_count", "updated_on", "updated_by_id", "closed_on", "source"];

    #[test]
    fn each_column_is_in_the_table_or_is_maintained_by_the_server() {
        for column in note::Column::iter() {
            let count = all_fields().filter(|field| field.columns.contains(&column.as_str())).count();
            let expected = usize::from(!MAINTAINED.contains(&column.as_str()));
            assert_eq!(count, expected, "rows of the table with the column `{}`", column.as_str());
        }
    }

    #[test]
    fn a_field_finds_its_own_row_of_the_table() {
        for field in NoteField::ALL {
            let name = enum_value(*field).into_json().unwrap();
            assert_eq!(name, field.spec().name);
        }
    }
}
