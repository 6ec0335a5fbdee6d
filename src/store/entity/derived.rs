//! The version and progress of each derivation.

use sea_orm::entity::prelude::*;

use crate::ids::CompanyId;

/// The company and the ID of a record, up to which a derivation has come. The name of the derivation says which kind of
/// record that is.
pub type Key = (CompanyId, i64);

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "derived")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub version: i32,
    pub done: bool,
    /// Key of the last record that is derived; null before the first.
    pub after_company_id: Option<CompanyId>,
    pub after_id: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
