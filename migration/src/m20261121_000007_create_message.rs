//! Creates messages, the thread of a note.

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
                company_table("message")
                    .col(ColumnDef::new("note_id").big_integer().not_null())
                    // From 1 without gaps within a note; messages are never moved or deleted one by one.
                    .col(ColumnDef::new("position").integer().not_null())
                    .col(ColumnDef::new("message").text().not_null())
                    .col(ColumnDef::new("attachment_url").text())
                    .col(ColumnDef::new("attachment_filename").text())
                    .col(ColumnDef::new("attachment_content_type").text())
                    .col(ColumnDef::new("attachment_size").big_integer())
                    .col(ColumnDef::new("posted_by_id").big_integer())
                    .col(ColumnDef::new("created_on").timestamp_with_time_zone().not_null())
                    // Imported without an id. The id was generated here, so an export leaves it out.
                    .col(ColumnDef::new("from_import").boolean().not_null())
                    // Parts of an imported record that have no column, as JSON text, for export.
                    .col(ColumnDef::new("source").text())
                    .foreign_key(&mut link("message", "note_id", "note"))
                    .foreign_key(&mut link("message", "posted_by_id", "user"))
                    .take(),
            )
            .await?;
        index(manager, "message", &["note_id", "position"], true).await?;
        create_ids(manager, "message").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_ids(manager, "message").await?;
        manager.drop_table(Table::drop().table("message").take()).await
    }
}
