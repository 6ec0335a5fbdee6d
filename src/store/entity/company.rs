//! Companies, the tenants that own everything else.

use sea_orm::entity::prelude::*;

use crate::ids::CompanyId;
use crate::store::columns::table;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "company")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CompanyId,
    pub name: String,
    pub created_on: DateTimeUtc,
}

table! {
    id, name, created_on,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
