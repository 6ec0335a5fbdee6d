//! Creates the search index: the words of each part of a note (its subject, its details, each message).
//!
//! All of it is derived from other tables. On `PostgreSQL` the words are a `tsvector`; on `SQLite` they are one text
//! per part, indexed by an `FTS5` table that stores no texts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DbBackend::Postgres => {
                "CREATE TABLE search_part (
                    company_id bigint NOT NULL,
                    note_id bigint NOT NULL,
                    field integer NOT NULL,
                    position integer NOT NULL,
                    words tsvector NOT NULL,
                    PRIMARY KEY (company_id, note_id, field, position),
                    FOREIGN KEY (company_id, note_id) REFERENCES note (company_id, id)
                );
                -- New rows wait in a list that every search reads: it is kept short.
                CREATE INDEX search_part_words ON search_part USING gin (words) WITH (gin_pending_list_limit = 256);"
            }
            // FTS5 refers to rows by a number, and only a declared one survives a VACUUM. The program makes the tokens
            // of letters, digits and marks, separated by spaces; no other ASCII characters occur.
            _ => {
                "CREATE TABLE search_part (
                    id integer PRIMARY KEY,
                    company_id bigint NOT NULL,
                    note_id bigint NOT NULL,
                    field integer NOT NULL,
                    position integer NOT NULL,
                    words text NOT NULL,
                    UNIQUE (company_id, note_id, field, position),
                    FOREIGN KEY (company_id, note_id) REFERENCES note (company_id, id)
                );
                CREATE VIRTUAL TABLE search_word USING fts5
                    (words, content = '', contentless_delete = 1, tokenize = 'ascii tokenchars _');"
            }
        };
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager.get_connection().execute_unprepared("DROP TABLE search_word").await?;
        }
        manager.drop_table(Table::drop().table("search_part").take()).await
    }
}
