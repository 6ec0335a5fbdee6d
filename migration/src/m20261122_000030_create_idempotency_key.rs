//! Creates idempotency keys, with the changes that were made under them, so that a client that lost a response can send
//! the change again.

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
                    // SHA-256 of the input: another input under the same key is an error.
                    .col(ColumnDef::new("input_hash").binary().not_null())
                    // Id of the record that was created. Not a foreign key, since the record may be deleted before a
                    // retry.
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
