//! Creates one row per note with the words of all its parts, which is indexed instead of the parts. A search for
//! several words then runs within the index, and checking a note reads one row.
//!
//! `words` is null if a note has more words than are kept; a search then reads its parts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            // Scanning a list of notes reads the words of each; stored out of line or compressed, they would take
            // several times as long.
            DbBackend::Postgres => {
                "DROP INDEX search_part_words;
                CREATE TABLE search_note (
                    company_id bigint NOT NULL,
                    note_id bigint NOT NULL,
                    words tsvector,
                    PRIMARY KEY (company_id, note_id),
                    FOREIGN KEY (company_id, note_id) REFERENCES note (company_id, id)
                ) WITH (toast_tuple_target = 8160);
                CREATE INDEX search_note_full ON search_note (company_id, note_id) WHERE words IS NULL;
                -- New rows wait in a list that every search reads: it is kept short.
                CREATE INDEX search_note_words ON search_note USING gin (words) WITH (gin_pending_list_limit = 256);"
            }
            // FTS5 refers to rows by a number, and only a declared one survives a VACUUM. The parts no longer need one;
            // all of them are backfilled again.
            _ => {
                "DROP TABLE search_word;
                DROP TABLE search_part;
                CREATE TABLE search_part (
                    company_id bigint NOT NULL,
                    note_id bigint NOT NULL,
                    field integer NOT NULL,
                    position integer NOT NULL,
                    words text NOT NULL,
                    PRIMARY KEY (company_id, note_id, field, position),
                    FOREIGN KEY (company_id, note_id) REFERENCES note (company_id, id)
                );
                CREATE TABLE search_note (
                    id integer PRIMARY KEY,
                    company_id bigint NOT NULL,
                    note_id bigint NOT NULL,
                    words text,
                    UNIQUE (company_id, note_id),
                    FOREIGN KEY (company_id, note_id) REFERENCES note (company_id, id)
                );
                CREATE INDEX search_note_full ON search_note (company_id, note_id) WHERE words IS NULL;
                CREATE VIRTUAL TABLE search_word USING fts5
                    (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii tokenchars _');"
            }
        };
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DbBackend::Postgres => {
                "DROP TABLE search_note;
                CREATE INDEX search_part_words ON search_part USING gin (words) WITH (gin_pending_list_limit = 256);
                DELETE FROM derived WHERE name = 'search_part';"
            }
            _ => {
                "DROP TABLE search_word;
                DROP TABLE search_note;
                DROP TABLE search_part;
                CREATE TABLE search_part (
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
                    (words, content = '', contentless_delete = 1, tokenize = 'ascii tokenchars _');
                DELETE FROM derived WHERE name = 'search_part';"
            }
        };
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}
