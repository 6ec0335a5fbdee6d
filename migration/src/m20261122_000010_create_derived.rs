//! Creates the state of backfills: by which version of the program's rules derived data for searching and ordering was
//! made, and how far a backfill has come.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("derived")
                    .col(ColumnDef::new("name").text().not_null().primary_key())
                    // Version of the rules by which the backfill runs, or ran if it is `done`.
                    .col(ColumnDef::new("version").integer().not_null())
                    .col(ColumnDef::new("done").boolean().not_null())
                    // The last record that was processed, in the order of primary keys; null before the first.
                    .col(ColumnDef::new("after_company_id").big_integer())
                    .col(ColumnDef::new("after_id").big_integer())
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("derived").take()).await
    }
}
