//! Adds the external key of customers and users: their key in the system that owns them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in ["customer", "user"] {
            connection.execute_unprepared(&format!(r#"ALTER TABLE "{table}" ADD COLUMN external_key text"#)).await?;
            // Most rows have none. A foreign key cannot refer to a partial index, so setting an external key does not
            // block changes to rows that refer to the person.
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
