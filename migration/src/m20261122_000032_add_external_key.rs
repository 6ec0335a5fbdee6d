//! The key that the system which owns a customer or a user knows them by.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in ["customer", "user"] {
            connection.execute_unprepared(&format!(r#"ALTER TABLE "{table}" ADD COLUMN external_key text"#)).await?;
            // Most have none. A partial index is none that a foreign key could point to: giving somebody a key is no
            // change that whoever links to them has to wait for.
            let index = format!(
                r#"CREATE UNIQUE INDEX {table}_external_key ON "{table}" (company_id, external_key) WHERE external_key IS NOT NULL"#
            );
            connection.execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in ["customer", "user"] {
            connection.execute_unprepared(&format!("DROP INDEX {table}_external_key")).await?;
            connection.execute_unprepared(&format!(r#"ALTER TABLE "{table}" DROP COLUMN external_key"#)).await?;
        }
        Ok(())
    }
}
