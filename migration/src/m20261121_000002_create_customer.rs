//! Creates customers, whom notes are about.

use sea_orm_migration::prelude::*;

use crate::company_table::company_table;
use crate::ids::{create_ids, drop_ids};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                company_table("customer")
                    .col(ColumnDef::new("company_name").text())
                    .col(ColumnDef::new("company_title").text())
                    .col(ColumnDef::new("first_name").text())
                    .col(ColumnDef::new("middle_name").text())
                    .col(ColumnDef::new("last_name").text())
                    .col(ColumnDef::new("full_name").text().not_null())
                    .col(ColumnDef::new("locale").text())
                    .col(ColumnDef::new("is_member").boolean().not_null())
                    .col(ColumnDef::new("was_member").boolean().not_null())
                    .col(ColumnDef::new("has_applied").boolean().not_null())
                    .col(ColumnDef::new("flag").text())
                    .col(ColumnDef::new("email").text())
                    .col(ColumnDef::new("mobile_country_code").text())
                    .col(ColumnDef::new("mobile_number").text())
                    .col(ColumnDef::new("mobile_full").text())
                    .col(ColumnDef::new("phone_country_code").text())
                    .col(ColumnDef::new("phone_number").text())
                    .col(ColumnDef::new("phone_full").text())
                    .col(ColumnDef::new("profile_photo").text())
                    .col(ColumnDef::new("vip").boolean().not_null())
                    .col(ColumnDef::new("home_house_id").text())
                    .col(ColumnDef::new("birthdate").date())
                    .col(ColumnDef::new("anniversary_date").date())
                    .col(ColumnDef::new("created_on").timestamp_with_time_zone().not_null())
                    // Parts of an imported record that have no column, as JSON text, for export.
                    .col(ColumnDef::new("source").text())
                    .take(),
            )
            .await?;
        create_ids(manager, "customer").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_ids(manager, "customer").await?;
        manager.drop_table(Table::drop().table("customer").take()).await
    }
}
