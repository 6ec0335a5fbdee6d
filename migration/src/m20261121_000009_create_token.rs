//! Creates tokens, which grant users access to the API.

use sea_orm_migration::prelude::*;

use crate::company_table::{company_table, index, link};
use crate::ids::{create_ids, drop_ids};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                company_table("token")
                    .col(ColumnDef::new("user_id").big_integer().not_null())
                    // SHA-256 of the token; the token itself is not stored.
                    .col(ColumnDef::new("hash").binary_len(32).not_null())
                    .col(ColumnDef::new("name").text().not_null())
                    .col(ColumnDef::new("scopes").json_binary().not_null())
                    .col(ColumnDef::new("created_on").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("expires_on").timestamp_with_time_zone())
                    .col(ColumnDef::new("revoked_on").timestamp_with_time_zone())
                    .foreign_key(&mut link("token", "user_id", "user"))
                    .take(),
            )
            .await?;
        index(manager, "token", &["hash"], true).await?;
        index(manager, "token", &["user_id"], false).await?;
        create_ids(manager, "token").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_ids(manager, "token").await?;
        manager.drop_table(Table::drop().table("token").take()).await
    }
}
