//! Customers, whom notes are about.

use sea_orm::entity::prelude::*;

use crate::ids::{CompanyId, CustomerId};
use crate::store::columns::table;

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveEntityModel)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of the table")]
#[sea_orm(table_name = "customer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CustomerId,
    /// The record's key in the system that owns it; unique in the company.
    pub external_key: Option<String>,
    pub company_name: Option<String>,
    pub company_title: Option<String>,
    pub first_name: Option<String>,
    pub middle_name: Option<String>,
    pub last_name: Option<String>,
    pub full_name: String,
    pub locale: Option<String>,
    pub is_member: bool,
    pub was_member: bool,
    pub has_applied: bool,
    pub flag: Option<String>,
    pub email: Option<String>,
    pub mobile_country_code: Option<String>,
    pub mobile_number: Option<String>,
    pub mobile_full: Option<String>,
    pub phone_country_code: Option<String>,
    pub phone_number: Option<String>,
    pub phone_full: Option<String>,
    pub profile_photo: Option<String>,
    pub vip: bool,
    pub home_house_id: Option<String>,
    pub birthdate: Option<Date>,
    pub anniversary_date: Option<Date>,
    pub created_on: DateTimeUtc,
    /// Values of an imported record that the columns cannot hold, as JSON text.
    pub source: Option<String>,
}

table! {
    company_id, id, external_key, company_name, company_title, first_name, middle_name, last_name, full_name, locale, is_member,
    was_member, has_applied, flag, email, mobile_country_code, mobile_number, mobile_full, phone_country_code,
    phone_number, phone_full, profile_photo, vip, home_house_id, birthdate, anniversary_date, created_on, source,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
