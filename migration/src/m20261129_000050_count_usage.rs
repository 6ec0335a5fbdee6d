//! Creates counters of what each company stores (notes, and bytes of texts), updated with each change, and limits for
//! single companies. Events record their size, so that it can be subtracted when they are removed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::company_table::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                owned_table("company_usage")
                    // The usage is the sum of several rows, so that writers rarely wait for each other.
                    .col(ColumnDef::new("stripe").integer().not_null())
                    .col(ColumnDef::new("notes").big_integer().not_null())
                    .col(ColumnDef::new("bytes").big_integer().not_null())
                    .primary_key(Index::create().col("company_id").col("stripe"))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                owned_table("company_quota")
                    // Null if the server's setting applies.
                    .col(ColumnDef::new("notes").big_integer())
                    .col(ColumnDef::new("bytes").big_integer())
                    .primary_key(Index::create().col("company_id"))
                    .take(),
            )
            .await?;
        let connection = manager.get_connection();
        connection.execute_unprepared("ALTER TABLE event ADD COLUMN bytes integer NOT NULL DEFAULT 256").await?;
        let changes = match manager.get_database_backend() {
            DbBackend::Postgres => "changes::text",
            _ => "changes",
        };
        let empty = if changes == "changes" { "'[]'" } else { "'[]'::jsonb" };
        connection
            .execute_unprepared(&format!(
                "UPDATE event SET bytes = 256 + octet_length({changes}) WHERE changes <> {empty}"
            ))
            .await?;
        // Counts as the program does from now on; people count by their rows alone.
        let count = "INSERT INTO company_usage (company_id, stripe, notes, bytes) \
             SELECT company_id, 0, CAST(sum(notes) AS bigint), CAST(sum(bytes) AS bigint) FROM ( \
                 SELECT company_id, 1 AS notes, 256 + coalesce(octet_length(subject), 0) \
                     + coalesce(octet_length(details), 0) + coalesce(octet_length(reference_id), 0) \
                     + coalesce(octet_length(source), 0) AS bytes FROM note \
                 UNION ALL SELECT company_id, 0, octet_length(tag) FROM note_tag \
                 UNION ALL SELECT company_id, 0, 256 + octet_length(message) + coalesce(octet_length(attachment_url), 0) \
                     + coalesce(octet_length(attachment_filename), 0) \
                     + coalesce(octet_length(attachment_content_type), 0) + coalesce(octet_length(source), 0) FROM message \
                 UNION ALL SELECT company_id, 0, bytes FROM event \
                 UNION ALL SELECT company_id, 0, 256 FROM customer \
                 UNION ALL SELECT company_id, 0, 256 FROM \"user\" \
             ) AS held GROUP BY company_id";
        connection.execute_unprepared(count).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("ALTER TABLE event DROP COLUMN bytes").await?;
        manager.drop_table(Table::drop().table("company_quota").take()).await?;
        manager.drop_table(Table::drop().table("company_usage").take()).await
    }
}
