//! Creates assignments of users to the notes they are responsible for.

use sea_orm_migration::prelude::*;

use crate::company_table::{index, link, owned_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                owned_table("assignment")
                    .col(ColumnDef::new("note_id").big_integer().not_null())
                    .col(ColumnDef::new("user_id").big_integer().not_null())
                    // The order of a note's assignees: ascending, with gaps after removed ones.
                    .col(ColumnDef::new("position").integer().not_null())
                    .col(ColumnDef::new("created_on").timestamp_with_time_zone().not_null())
                    .col(ColumnDef::new("assigned_by_id").big_integer())
                    // Parts of an imported record that have no column, as JSON text, for export.
                    .col(ColumnDef::new("source").text())
                    .primary_key(Index::create().col("company_id").col("note_id").col("user_id"))
                    .foreign_key(&mut link("assignment", "note_id", "note"))
                    .foreign_key(&mut link("assignment", "user_id", "user"))
                    .foreign_key(&mut link("assignment", "assigned_by_id", "user"))
                    .take(),
            )
            .await?;
        index(manager, "assignment", &["user_id", "note_id"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("assignment").take()).await
    }
}
