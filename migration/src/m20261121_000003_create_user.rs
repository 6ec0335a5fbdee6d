//! Creates users, who write notes and are responsible for them.

use sea_orm_migration::prelude::*;

use crate::company_table::{company_table, index};
use crate::ids::{create_ids, drop_ids};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                company_table("user")
                    .col(ColumnDef::new("status").text().not_null())
                    .col(ColumnDef::new("first_name").text())
                    .col(ColumnDef::new("last_name").text())
                    .col(ColumnDef::new("full_name").text().not_null())
                    .col(ColumnDef::new("email").text())
                    .col(ColumnDef::new("username").text().not_null())
                    .col(ColumnDef::new("profile_photo").text())
                    .col(ColumnDef::new("employee_id").text())
                    .col(ColumnDef::new("mobile_number").text())
                    .col(ColumnDef::new("business_location_id").text())
                    .col(ColumnDef::new("enable2_fa").boolean())
                    .col(ColumnDef::new("modified_on").timestamp_with_time_zone())
                    .col(ColumnDef::new("created_by").text())
                    .col(ColumnDef::new("role").text())
                    // Parts of an imported record that have no column, as JSON text, for export.
                    .col(ColumnDef::new("source").text())
                    .take(),
            )
            .await?;
        index(manager, "user", &["status", "id"], false).await?;
        index(manager, "user", &["username"], false).await?;
        create_ids(manager, "user").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_ids(manager, "user").await?;
        manager.drop_table(Table::drop().table("user").take()).await
    }
}
