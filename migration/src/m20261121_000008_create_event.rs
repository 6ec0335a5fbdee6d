//! Creates events, which record what happened to notes, in the transaction of the change.

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
                // No foreign key but that of the company: an event outlives the records it refers to.
                company_table("event")
                    .col(ColumnDef::new("type").text().not_null())
                    .col(ColumnDef::new("note_id").big_integer().not_null())
                    .col(ColumnDef::new("message_id").big_integer())
                    .col(ColumnDef::new("actor_id").big_integer())
                    .col(ColumnDef::new("created_on").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("changes").json_binary().not_null())
                    .take(),
            )
            .await?;
        index(manager, "event", &["note_id", "id"], false).await?;
        create_ids(manager, "event").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_ids(manager, "event").await?;
        manager.drop_table(Table::drop().table("event").take()).await
    }
}
