//! Users, who write notes and are assigned to them.

use sea_orm::entity::prelude::*;

use crate::ids::{CompanyId, UserId};
use crate::store::columns::{by_name, cells, table};

/// Whether a user may act; tokens of inactive users are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "lowercase")]
pub enum UserStatus {
    #[default]
    Active,
    Inactive,
}

cells! { UserStatus => by_name; }

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// The record's key in the system that owns it; unique in the company.
    pub external_key: Option<String>,
    pub status: UserStatus,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub full_name: String,
    pub email: Option<String>,
    pub username: String,
    pub profile_photo: Option<String>,
    pub employee_id: Option<String>,
    pub mobile_number: Option<String>,
    pub business_location_id: Option<String>,
    pub enable2_fa: Option<bool>,
    pub modified_on: Option<DateTimeUtc>,
    pub created_by: Option<String>,
    pub role: Option<String>,
    /// Values of an imported record that the columns cannot hold, as JSON text.
    pub source: Option<String>,
}

table! {
    company_id, id, external_key, status, first_name, last_name, full_name, email, username, profile_photo, employee_id,
    mobile_number, business_location_id, enable2_fa, modified_on, created_by, role, source,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
