//! Messages, the threads of notes.

use sea_orm::entity::prelude::*;

use crate::ids::{CompanyId, MessageId, NoteId, UserId};
use crate::store::columns::table;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub note_id: NoteId,
    /// Position in the note's thread, from 1 without gaps.
    pub position: i32,
    #[sea_orm(column_type = "Text")]
    pub message: String,
    pub attachment_url: Option<String>,
    pub attachment_filename: Option<String>,
    pub attachment_content_type: Option<String>,
    pub attachment_size: Option<i64>,
    pub posted_by_id: Option<UserId>,
    pub created_on: DateTimeUtc,
    /// Whether an import generated the id because the record had none; exports omit such ids.
    pub from_import: bool,
    /// Values of an imported record that the columns cannot hold, as JSON text.
    pub source: Option<String>,
}

table! {
    company_id, id, note_id, position, message, attachment_url, attachment_filename, attachment_content_type,
    attachment_size, posted_by_id, created_on, from_import, source,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
