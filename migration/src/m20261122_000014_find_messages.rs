//! Adds indexes to find notes by the author and time of their messages.

use sea_orm_migration::prelude::*;

use crate::company_table::index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [&[&str]; 2] = [&["posted_by_id", "note_id"], &["created_on", "note_id"]];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for columns in INDEXES {
            index(manager, "message", columns, false).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for columns in INDEXES {
            let name = format!("message_{}", columns.join("_"));
            manager.drop_index(Index::drop().name(name).table("message").to_owned()).await?;
        }
        Ok(())
    }
}
