//! The keys and names of a note's fields.

use chrono::{DateTime, Utc};

use crate::store::entity::note::{NoteStatus, ReferenceType};

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

pub const STATUSES: [(&str, NoteStatus); 2] = [("open", NoteStatus::Open), ("closed", NoteStatus::Closed)];

pub const REFERENCE_TYPES: [(&str, ReferenceType); 10] = [
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
pub fn version(text: &str) -> Option<i32> {
    text.parse().ok().filter(|version| *version >= 1)
}
