//! Lets a change leave the words of its notes to a background task, which gathers them from the parts. Until then
//! `words` is null, so that a search reads the parts, as it does for a note with more words than are kept.
//!
//! `pending_from` is null if `words` is complete; otherwise the position of the first message whose words have to be
//! gathered. `kept_words` holds the words of the parts before it; if it is null, all parts have to be gathered.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let words = if manager.get_database_backend() == DbBackend::Postgres { "tsvector" } else { "text" };
        for sql in [
            &format!("ALTER TABLE search_note ADD COLUMN kept_words {words}"),
            "ALTER TABLE search_note ADD COLUMN pending_from integer",
            "CREATE INDEX search_note_pending ON search_note (company_id, note_id) WHERE pending_from IS NOT NULL",
        ] {
            connection.execute_unprepared(sql).await?;
        }
        Ok(())
    }

    /// Words that were not gathered stay null: a search reads the parts of these notes.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in [
            "DROP INDEX search_note_pending",
            "ALTER TABLE search_note DROP COLUMN pending_from",
            "ALTER TABLE search_note DROP COLUMN kept_words",
        ] {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}
