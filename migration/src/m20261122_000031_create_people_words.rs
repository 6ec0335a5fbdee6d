//! Creates the words by which customers and users are found, one per row, so that a prefix search is a range of an
//! index.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::company_table::{index, link, owned_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, person, id) in [("customer_word", "customer", "customer_id"), ("user_word", "user", "user_id")] {
            let mut word = ColumnDef::new("word");
            word.text().not_null();
            if manager.get_database_backend() == DbBackend::Postgres {
                // Compared by bytes, as on SQLite, so that a prefix is a range.
                word.extra(r#"COLLATE "C""#);
            }
            manager
                .create_table(
                    owned_table(table)
                        .col(word)
                        .col(ColumnDef::new(id).big_integer().not_null())
                        .primary_key(Index::create().col("company_id").col("word").col(id))
                        .foreign_key(&mut link(table, id, person))
                        .take(),
                )
                .await?;
            // For deleting the words of one person, and for checking one person for a word.
            index(manager, table, &[id, "word"], false).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("customer_word").take()).await?;
        manager.drop_table(Table::drop().table("user_word").take()).await
    }
}
