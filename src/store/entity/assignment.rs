//! Assignments of users to notes.

use sea_orm::entity::prelude::*;

use crate::ids::{CompanyId, NoteId, UserId};
use crate::store::columns::table;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assignment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub note_id: NoteId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// Orders a note's assignees; grows, with gaps where an assignee was removed.
    pub position: i32,
    pub created_on: DateTimeUtc,
    pub assigned_by_id: Option<UserId>,
    /// Values of an imported record that the columns cannot hold, as JSON text.
    pub source: Option<String>,
}

table! {
    company_id, note_id, user_id, position, created_on, assigned_by_id, source,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
