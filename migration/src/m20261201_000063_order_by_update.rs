//! On `PostgreSQL`, moves the order of notes by the time of their update to a table beside them. `updated_on` changes
//! with each change of a note: without an index on it, a change of columns that no index has writes one row and no index
//! entry (a heap-only tuple), for which `fillfactor` leaves room in each page.
//!
//! `SQLite` writes only the indexes whose columns change, so an index of notes costs as much as such a table, and stays.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::company_table::index;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        manager
            .create_table(
                Table::create()
                    .table("note_update")
                    .col(ColumnDef::new("company_id").big_integer().not_null())
                    .col(ColumnDef::new("note_id").big_integer().not_null())
                    // The time of the note, which is authoritative; triggers keep this one equal.
                    .col(ColumnDef::new("updated_on").timestamp_with_time_zone().not_null())
                    .primary_key(Index::create().col("company_id").col("note_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("note_update", ("company_id", "note_id"))
                            .to("note", ("company_id", "id"))
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        for statement in UP {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        index(manager, "note_update", &["updated_on", "note_id"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        for statement in DOWN {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        manager.drop_table(Table::drop().table("note_update").take()).await?;
        index(manager, "note", &["updated_on", "id"], false).await
    }
}

/// A trigger per statement for inserted notes, since imports insert thousands at once; one per row for updates.
const UP: [&str; 7] = [
    "INSERT INTO note_update (company_id, note_id, updated_on) SELECT company_id, id, updated_on FROM note",
    "CREATE FUNCTION insert_note_updates() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     INSERT INTO note_update (company_id, note_id, updated_on) \
     SELECT fresh.company_id, fresh.id, fresh.updated_on FROM fresh; RETURN NULL; END $$",
    "CREATE FUNCTION update_note_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     UPDATE note_update SET updated_on = NEW.updated_on \
     WHERE note_update.company_id = NEW.company_id AND note_update.note_id = NEW.id; RETURN NULL; END $$",
    "CREATE TRIGGER note_updates_inserted AFTER INSERT ON note REFERENCING NEW TABLE AS fresh \
     FOR EACH STATEMENT EXECUTE FUNCTION insert_note_updates()",
    "CREATE TRIGGER note_updates_updated AFTER UPDATE OF updated_on ON note \
     FOR EACH ROW WHEN (OLD.updated_on IS DISTINCT FROM NEW.updated_on) EXECUTE FUNCTION update_note_update()",
    "DROP INDEX note_updated_on_id",
    "ALTER TABLE note SET (fillfactor = 90)",
];

const DOWN: [&str; 5] = [
    "ALTER TABLE note RESET (fillfactor)",
    "DROP TRIGGER note_updates_inserted ON note",
    "DROP TRIGGER note_updates_updated ON note",
    "DROP FUNCTION insert_note_updates()",
    "DROP FUNCTION update_note_update()",
];
