//! The times when notes were last changed, in a table beside the notes, for lists in this order. The database keeps them
//! equal to the times in the notes. Only databases for which
//! [`has_note_updates`](crate::store::db::Dialect::has_note_updates) is true have this table.

use sea_orm::entity::prelude::*;

use crate::ids::{CompanyId, NoteId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "note_update")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub note_id: NoteId,
    pub updated_on: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
