//! Note types, by which a company groups its notes.

use sea_orm::entity::prelude::*;

use crate::ids::{CompanyId, NoteTypeId};
use crate::store::columns::table;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "note_type")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NoteTypeId,
    pub name: String,
    /// Whether an import generated the id because the record had only a name; exports omit such ids.
    pub from_import: bool,
}

table! {
    company_id, id, name, from_import,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
