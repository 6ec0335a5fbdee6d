//! Idempotency keys: which changes were made under them, so that a client that has lost an answer can ask again.

use sea_orm_migration::prelude::*;

use crate::company_table::{index, link, owned_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                owned_table("idempotency_key")
                    .col(ColumnDef::new("user_id").big_integer().not_null())
                    .col(ColumnDef::new("operation").text().not_null())
                    .col(ColumnDef::new("key").text().not_null())
                    // The SHA-256 of the input: another input under the same key is a mistake.
                    .col(ColumnDef::new("input_hash").binary().not_null())
                    // What was made. No foreign key: it may be gone by the time it is asked for again.
                    .col(ColumnDef::new("made_id").big_integer().not_null())
                    .col(ColumnDef::new("created_on").timestamp_with_time_zone().not_null())
                    .primary_key(Index::create().col("company_id").col("user_id").col("operation").col("key"))
                    .foreign_key(&mut link("idempotency_key", "user_id", "user"))
                    .take(),
            )
            .await?;
        index(manager, "idempotency_key", &["created_on"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("idempotency_key").take()).await
    }
}
