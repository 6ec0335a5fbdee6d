//! Creates notes.

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
                company_table("note")
                    .col(ColumnDef::new("version").integer().not_null())
                    .col(ColumnDef::new("type_id").big_integer())
                    .col(ColumnDef::new("subject").text())
                    .col(ColumnDef::new("details").text())
                    .col(ColumnDef::new("status").text().not_null())
                    .col(ColumnDef::new("priority").boolean().not_null())
                    .col(ColumnDef::new("confidential").boolean().not_null())
                    .col(ColumnDef::new("show_on_overview").boolean().not_null())
                    .col(ColumnDef::new("reminder").timestamp_with_time_zone())
                    .col(ColumnDef::new("tags").json_binary().not_null())
                    .col(ColumnDef::new("reference_type").text())
                    .col(ColumnDef::new("reference_id").text())
                    .col(ColumnDef::new("customer_id").big_integer())
                    .col(ColumnDef::new("user_id").big_integer())
                    // Messages are numbered from 1 without gaps, so this is also the position of the last one.
                    .col(ColumnDef::new("message_count").integer().not_null())
                    .col(ColumnDef::new("created_on").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("updated_on").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("updated_by_id").big_integer())
                    .col(ColumnDef::new("closed_on").timestamp_with_time_zone())
                    // Parts of an imported record that have no column, as JSON text, for export.
                    .col(ColumnDef::new("source").text())
                    .foreign_key(&mut link("note", "type_id", "note_type"))
                    .foreign_key(&mut link("note", "customer_id", "customer"))
                    .foreign_key(&mut link("note", "user_id", "user"))
                    .foreign_key(&mut link("note", "updated_by_id", "user"))
                    .take(),
            )
            .await?;
        // Both orders, for all notes and for the notes of one customer, author, type or status, and one for references:
        // a page is read from its index and never sorted.
        for order in ["created_on", "updated_on"] {
            index(manager, "note", &[order, "id"], false).await?;
            index(manager, "note", &["customer_id", order, "id"], false).await?;
            index(manager, "note", &["user_id", order, "id"], false).await?;
            index(manager, "note", &["type_id", order, "id"], false).await?;
            index(manager, "note", &["status", order, "id"], false).await?;
        }
        index(manager, "note", &["reference_type", "reference_id", "created_on", "id"], false).await?;
        create_ids(manager, "note").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_ids(manager, "note").await?;
        manager.drop_table(Table::drop().table("note").take()).await
    }
}
