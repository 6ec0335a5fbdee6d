//! Creates companies, which everything else belongs to.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::ids::{create_ids, drop_ids};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager
                .create_table(
                    Table::create()
                        .table("id_counter")
                        .col(ColumnDef::new("name").text().not_null().primary_key())
                        .col(ColumnDef::new("value").big_integer().not_null())
                        .take(),
                )
                .await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("company")
                    .col(ColumnDef::new("id").big_integer().not_null().primary_key())
                    .col(ColumnDef::new("name").text().not_null().unique_key())
                    .col(ColumnDef::new("created_on").timestamp_with_time_zone().not_null())
                    .take(),
            )
            .await?;
        create_ids(manager, "company").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_ids(manager, "company").await?;
        manager.drop_table(Table::drop().table("company").take()).await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager.drop_table(Table::drop().table("id_counter").take()).await?;
        }
        Ok(())
    }
}
