//! On `PostgreSQL`, takes the ids of events from their sequence by default, which saves a round trip in every change.
//! (`SQLite` has no sequences, and no round trips.)

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        alter(manager, "ALTER TABLE event ALTER COLUMN id SET DEFAULT nextval('event_id')").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        alter(manager, "ALTER TABLE event ALTER COLUMN id DROP DEFAULT").await
    }
}

async fn alter(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}
