//! The names a company sorts its notes by.

use sea_orm::entity::prelude::*;

use super::columns::table;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "note_type")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub name: String,
    /// Made from a bare name by an import: the id is ours alone, so an export leaves it out.
    pub from_import: bool,
}

table! {
    company_id, id, name, from_import,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
