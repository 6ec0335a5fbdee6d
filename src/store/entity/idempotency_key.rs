//! Idempotency keys and the records that were created under them.

use sea_orm::entity::prelude::*;

use crate::ids::{CompanyId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The name of the mutation field in the schema.
    #[sea_orm(primary_key, auto_increment = false)]
    pub operation: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of the input.
    pub input_hash: Vec<u8>,
    /// Id of the created record, which may be deleted by now; the operation says which kind of record it is.
    pub made_id: i64,
    pub created_on: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
