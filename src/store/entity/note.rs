//! Notes.

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
