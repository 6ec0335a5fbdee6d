//! The fields of notes that patches change.

use async_graphql::Enum;
use breadth::leaf_enum;

/// A field of a note that a patch can change, by its name. Values may be added: clients keep a fallback branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(rename_items = "camelCase")]
pub enum NoteField {
    /// `customerId`, and `customer` with it.
    CustomerId,
    /// `typeId`, and `type` with it.
    TypeId,
    /// `subject`.
    Subject,
    /// `details`.
    Details,
    /// `status`, and `closedOn` with it.
    Status,
    /// `reminder`.
    Reminder,
    /// `referenceType`.
    ReferenceType,
    /// `referenceId`.
    ReferenceId,
    /// `confidential`.
    Confidential,
    /// `priority`.
    Priority,
    /// `showOnOverview`.
    ShowOnOverview,
    /// `tags`.
    Tags,
}
leaf_enum!(NoteField);

impl NoteField {
    /// The name of the field in a patch, and in the event log.
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomerId => "customerId",
            Self::TypeId => "typeId",
            Self::Subject => "subject",
            Self::Details => "details",
            Self::Status => "status",
            Self::Reminder => "reminder",
            Self::ReferenceType => "referenceType",
            Self::ReferenceId => "referenceId",
            Self::Confidential => "confidential",
            Self::Priority => "priority",
            Self::ShowOnOverview => "showOnOverview",
            Self::Tags => "tags",
        }
    }

    /// The field's keys in the exchange format.
    pub fn form_keys(self) -> &'static [&'static str] {
        match self {
            Self::CustomerId => &["customer_id", "customer"],
            Self::TypeId => &["type", "type_id"],
            Self::Subject => &["subject"],
            Self::Details => &["details"],
            Self::Status => &["status", "closed_on"],
            Self::Reminder => &["reminder"],
            Self::ReferenceType => &["reference_type"],
            Self::ReferenceId => &["reference_id"],
            Self::Confidential => &["confidential"],
            Self::Priority => &["priority"],
            Self::ShowOnOverview => &["show_on_overview"],
            Self::Tags => &["tags"],
        }
    }
}
