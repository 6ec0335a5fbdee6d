//! Creates note types, by which a company classifies its notes.

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
                company_table("note_type")
                    .col(ColumnDef::new("name").text().not_null())
                    // Created from a bare name by an import. The id was generated here, so an export leaves it out.
                    .col(ColumnDef::new("from_import").boolean().not_null())
                    .take(),
            )
            .await?;
        index(manager, "note_type", &["name"], true).await?;
        create_ids(manager, "note_type").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_ids(manager, "note_type").await?;
        manager.drop_table(Table::drop().table("note_type").take()).await
    }
}
