//! Creates the tags of notes, one per row, to filter and count notes by them. The list in the note is authoritative;
//! triggers keep these rows in sync with it.

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
                owned_table("note_tag")
                    .col(ColumnDef::new("note_id").big_integer().not_null())
                    // Position in the list, from 1; the first one for a tag that was imported twice.
                    .col(ColumnDef::new("position").integer().not_null())
                    .col(ColumnDef::new("tag").text().not_null())
                    .primary_key(Index::create().col("company_id").col("note_id").col("position"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("note_tag", ("company_id", "note_id"))
                            .to("note", ("company_id", "id"))
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        let connection = manager.get_connection();
        // Imported tags may be of any length, index entries may not.
        connection
            .execute_unprepared(
                "CREATE INDEX note_tag_tag_note_id ON note_tag (company_id, substr(tag, 1, 200), note_id)",
            )
            .await?;
        let statements: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &POSTGRES,
            _ => &SQLITE,
        };
        for statement in statements {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let statements: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &[
                "DROP TRIGGER note_tags_inserted ON note",
                "DROP TRIGGER note_tags_updated ON note",
                "DROP FUNCTION insert_note_tags()",
                "DROP FUNCTION update_note_tags()",
            ],
            _ => &["DROP TRIGGER note_tags_inserted", "DROP TRIGGER note_tags_updated"],
        };
        for statement in statements {
            connection.execute_unprepared(statement).await?;
        }
        manager.drop_table(Table::drop().table("note_tag").take()).await
    }
}

/// A trigger per statement for inserted notes, since imports insert thousands at once; one per row for updates, since
/// hardly any update changes tags.
const POSTGRES: [&str; 6] = [
    // Compared by bytes, as on SQLite.
    r#"ALTER TABLE note_tag ALTER COLUMN tag TYPE text COLLATE "C""#,
    "CREATE FUNCTION insert_note_tags() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     INSERT INTO note_tag (company_id, note_id, position, tag) \
     SELECT fresh.company_id, fresh.id, min(k.position), k.tag \
     FROM fresh CROSS JOIN LATERAL jsonb_array_elements_text(fresh.tags) WITH ORDINALITY AS k(tag, position) \
     GROUP BY fresh.company_id, fresh.id, k.tag; RETURN NULL; END $$",
    "CREATE FUNCTION update_note_tags() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     DELETE FROM note_tag WHERE note_tag.company_id = OLD.company_id AND note_tag.note_id = OLD.id; \
     INSERT INTO note_tag (company_id, note_id, position, tag) \
     SELECT NEW.company_id, NEW.id, min(k.position), k.tag \
     FROM jsonb_array_elements_text(NEW.tags) WITH ORDINALITY AS k(tag, position) GROUP BY k.tag; RETURN NULL; END $$",
    "CREATE TRIGGER note_tags_inserted AFTER INSERT ON note REFERENCING NEW TABLE AS fresh \
     FOR EACH STATEMENT EXECUTE FUNCTION insert_note_tags()",
    "CREATE TRIGGER note_tags_updated AFTER UPDATE OF tags ON note \
     FOR EACH ROW WHEN (OLD.tags IS DISTINCT FROM NEW.tags) EXECUTE FUNCTION update_note_tags()",
    "INSERT INTO note_tag (company_id, note_id, position, tag) \
     SELECT note.company_id, note.id, min(k.position), k.tag \
     FROM note CROSS JOIN LATERAL jsonb_array_elements_text(note.tags) WITH ORDINALITY AS k(tag, position) \
     GROUP BY note.company_id, note.id, k.tag",
];

const SQLITE: [&str; 3] = [
    "CREATE TRIGGER note_tags_inserted AFTER INSERT ON note WHEN NEW.tags <> '[]' BEGIN \
     INSERT INTO note_tag (company_id, note_id, position, tag) \
     SELECT NEW.company_id, NEW.id, min(k.key) + 1, k.value FROM json_each(NEW.tags) AS k GROUP BY k.value; END",
    "CREATE TRIGGER note_tags_updated AFTER UPDATE OF tags ON note WHEN OLD.tags <> NEW.tags BEGIN \
     DELETE FROM note_tag WHERE note_tag.company_id = OLD.company_id AND note_tag.note_id = OLD.id; \
     INSERT INTO note_tag (company_id, note_id, position, tag) \
     SELECT NEW.company_id, NEW.id, min(k.key) + 1, k.value FROM json_each(NEW.tags) AS k GROUP BY k.value; END",
    "INSERT INTO note_tag (company_id, note_id, position, tag) \
     SELECT note.company_id, note.id, min(k.key) + 1, k.value FROM note, json_each(note.tags) AS k \
     GROUP BY note.company_id, note.id, k.value",
];
