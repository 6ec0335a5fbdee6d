//! Access tokens of users.

use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ids::{CompanyId, TokenId, UserId};
use crate::store::columns::{cells, json};

/// A permission of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "UPPERCASE")]
#[value(rename_all = "UPPERCASE")]
pub enum Scope {
    /// Read notes and the people in them.
    Read,
    /// Change notes, and read them, as a mutation returns what it changed.
    Write,
    /// See the confidential notes of others as well.
    Confidential,
    /// All of these, and manage tokens, people and note types.
    Admin,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Scopes(pub Vec<Scope>);

cells! { Scopes => json; }

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenId,
    pub user_id: UserId,
    /// SHA-256 of the token; the token itself is not stored.
    pub hash: Vec<u8>,
    pub name: String,
    pub scopes: Scopes,
    pub created_on: DateTimeUtc,
    pub expires_on: Option<DateTimeUtc>,
    pub revoked_on: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "(Column::CompanyId, Column::UserId)",
        to = "(super::user::Column::CompanyId, super::user::Column::Id)"
    )]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
