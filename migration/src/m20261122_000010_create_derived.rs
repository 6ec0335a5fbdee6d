//! Derived: with which version of the program's rules the stored copies were made that it keeps for searching and
//! ordering, and how far it has come with making them anew.

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
                    // Of the rules that records are being copied by, or have been, when `done`.
                    .col(ColumnDef::new("version").integer().not_null())
                    .col(ColumnDef::new("done").boolean().not_null())
                    // The last record that is copied, in the order of the primary keys; empty before the first.
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
