//! Adds the casefolded subject of notes, for comparing and ordering.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Lists ordered by subject use its first 100 characters, since an index entry of `PostgreSQL` is limited to a third of
/// a page. The leading dot distinguishes the empty text from null, which sorts before all or after all.
const INDEXES: [(&str, &str); 2] = [("note_subject_nulls_first_id", "''"), ("note_subject_nulls_last_id", "'/'")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        // Compared by bytes on both databases, which in UTF-8 is the order of code points; SQLite does so by default.
        let column = match manager.get_database_backend() {
            DbBackend::Postgres => r#"ALTER TABLE note ADD COLUMN subject_folded text COLLATE "C""#,
            _ => "ALTER TABLE note ADD COLUMN subject_folded text",
        };
        connection.execute_unprepared(column).await?;
        for (name, nothing) in INDEXES {
            let key = format!("coalesce('.' || substr(subject_folded, 1, 100), {nothing})");
            let index = format!("CREATE INDEX {name} ON note (company_id, ({key}), id)");
            connection.execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (name, _) in INDEXES {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        connection.execute_unprepared("ALTER TABLE note DROP COLUMN subject_folded").await.map(drop)
    }
}
