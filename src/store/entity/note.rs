//! Notes.
//!
//! # Indexes
//!
//! An index has to pay for itself: each new note adds an entry to all of them, and a change to those of the changed
//! columns. `PostgreSQL` adds an entry to all of them unless no changed column is in any; then it adds none (a heap-only
//! tuple). Each of these indexes is there for the queries beside it. `tests/it/plans/indexes.rs` compares the table with
//! both databases, and their plans of the queries with the table. The last index is of `note` on `SQLite` only; on
//! `PostgreSQL`, [`note_update`](super::note_update) has its columns.
//!
//! | index | columns after the company | query |
//! | --- | --- | --- |
//! | primary key | `id` | `note(id: 1) { subject }` |
//! | `note_created_on_id` | `created_on, id` | `notes { nodes { subject } }` |
//! | | | `notes(filter: { createdOn: { gt: "2026-11-18T00:00:00Z" } }) { nodes { subject } }` |
//! | `note_customer_id_created_on_id` | `customer_id, created_on, id` | `notes(filter: { customerId: { eq: 5 } }) { nodes { subject } }` |
//! | | | `notes(filter: { customerId: { eq: 5 } }, orderBy: [{ field: UPDATED_ON }]) { nodes { subject } }` |
//! | | | `customers(first: 2) { nodes { notes(first: 2) { nodes { subject } } } }` |
//! | `note_user_id_created_on_id` | `user_id, created_on, id` | `notes(filter: { userId: { eq: 5 } }) { nodes { subject } }` |
//! | | | `users(first: 2) { nodes { createdNotes(first: 2) { nodes { subject } } } }` |
//! | `note_type_id_created_on_id` | `type_id, created_on, id` | `notes(filter: { typeId: { eq: 2 } }) { nodes { subject } }` |
//! | `note_status_created_on_id` | `status, created_on, id` | `notes(filter: { status: { eq: CLOSED } }) { nodes { subject } }` |
//! | | | `notes(orderBy: [{ field: STATUS }]) { nodes { subject } }` |
//! | `note_priority_created_on_id` | `priority, created_on, id` | `notes(filter: { priority: true }) { nodes { subject } }` |
//! | | | `notes(orderBy: [{ field: PRIORITY, direction: DESC }]) { nodes { subject } }` |
//! | `note_reference_type_reference_id_created_on_id` | `reference_type, reference_id, created_on, id`; notes with a reference | `notes(filter: { referenceType: { eq: ORDER }, referenceId: { eq: "12345" } }) { nodes { subject } }` |
//! | `note_closed_on_id` | `closed_on, id`; closed notes | `notes(filter: { closedOn: { gt: "2026-11-18T00:00:00Z" } }) { nodes { subject } }` |
//! | `note_reminder_nulls_last_id` | `reminder`, last if null, `id` | `notes(orderBy: [{ field: REMINDER }]) { nodes { subject } }` |
//! | `note_reminder_nulls_first_id` | `reminder`, first if null, `id` | `notes(orderBy: [{ field: REMINDER, direction: DESC }]) { nodes { subject } }` |
//! | `note_subject_nulls_last_id` | `subject_folded`, last if null, `id` | `notes(orderBy: [{ field: SUBJECT }]) { nodes { subject } }` |
//! | | | `notes(filter: { subject: { startsWith: "re" } }) { nodes { subject } }` |
//! | `note_subject_nulls_first_id` | `subject_folded`, first if null, `id` | `notes(orderBy: [{ field: SUBJECT, direction: DESC }]) { nodes { subject } }` |
//! | `note_updated_on_id` | `updated_on, id` | `notes(orderBy: [{ field: UPDATED_ON, direction: DESC }]) { nodes { subject } }` |
//! | | | `notes(filter: { status: { eq: OPEN } }, orderBy: [{ field: UPDATED_ON }]) { nodes { subject } }` |
//! | | | `notes(filter: { updatedOn: { gt: "2026-11-18T00:00:00Z" } }) { nodes { subject } }` |

use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ids::{CompanyId, CustomerId, NoteId, NoteTypeId, UserId};
use crate::store::columns::{Cell, by_name, cells, json, table};
use crate::store::db::Row;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "lowercase")]
pub enum NoteStatus {
    #[default]
    Open,
    Closed,
}

/// The kind of record that a note refers to, stored as the notes REST API spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ReferenceType {
    #[sea_orm(string_value = "business")]
    Business,
    #[sea_orm(string_value = "customer")]
    Customer,
    #[sea_orm(string_value = "membershipCard")]
    MembershipCard,
    #[sea_orm(string_value = "order")]
    Order,
    #[sea_orm(string_value = "point_earned")]
    PointEarned,
    #[sea_orm(string_value = "subscription")]
    Subscription,
    #[sea_orm(string_value = "transaction")]
    Transaction,
    #[sea_orm(string_value = "reservation")]
    Reservation,
    #[sea_orm(string_value = "appointment")]
    Appointment,
    #[sea_orm(string_value = "event")]
    Event,
}

/// Tags in the order given; duplicates occur only if an import brought them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Tags(pub Vec<String>);

cells! {
    NoteStatus => by_name;
    Tags => json;
}

impl Cell for Option<ReferenceType> {
    fn read(row: &Row, place: usize) -> Result<Self, DbErr> {
        by_name(row, place)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "note")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NoteId,
    /// Incremented by each change of a field or an assignment.
    pub version: i32,
    pub type_id: Option<NoteTypeId>,
    pub subject: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub details: Option<String>,
    pub status: NoteStatus,
    pub priority: bool,
    pub confidential: bool,
    pub show_on_overview: bool,
    pub reminder: Option<DateTimeUtc>,
    pub tags: Tags,
    pub reference_type: Option<ReferenceType>,
    pub reference_id: Option<String>,
    pub customer_id: Option<CustomerId>,
    /// The author.
    pub user_id: Option<UserId>,
    /// Number of messages. Positions begin at 1 without gaps, so this is also the position of the last message.
    pub message_count: i32,
    pub created_on: DateTimeUtc,
    pub updated_on: DateTimeUtc,
    pub updated_by_id: Option<UserId>,
    pub closed_on: Option<DateTimeUtc>,
    /// [`casefold`](crate::text::casefold::casefold) of the subject.
    pub subject_folded: Option<String>,
    /// Values of an imported record that the columns cannot hold, as JSON text.
    pub source: Option<String>,
}

table! {
    company_id, id, version, type_id, subject, details, status, priority, confidential, show_on_overview,
    reminder, tags, reference_type, reference_id, customer_id, user_id, message_count, created_on, updated_on,
    updated_by_id, closed_on, subject_folded, source,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
