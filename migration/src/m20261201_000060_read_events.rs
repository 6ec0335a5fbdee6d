//! Makes the event log readable: the position of each event in the order of commits, who could see its note before and
//! after it, and the log's own row, with what its cursors depend on.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::company_table::{index, owned_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Nullable columns, with their types on `PostgreSQL` and on `SQLite`.
const COLUMNS: [(&str, &str, &str); 9] = [
    // Null if the note did not exist then.
    ("confidential_before", "boolean", "boolean"),
    ("confidential_after", "boolean", "boolean"),
    ("author_before_id", "bigint", "bigint"),
    ("author_after_id", "bigint", "bigint"),
    ("customer_before_id", "bigint", "bigint"),
    ("customer_after_id", "bigint", "bigint"),
    // Only for confidential notes, as everybody sees the others.
    ("assignees", "jsonb", "jsonb_text"),
    ("assigned", "jsonb", "jsonb_text"),
    ("unassigned", "jsonb", "jsonb_text"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let connection = manager.get_connection();
        connection.execute_unprepared("ALTER TABLE event ADD COLUMN transaction_id bigint NOT NULL DEFAULT 0").await?;
        for (name, on_postgres, on_sqlite) in COLUMNS {
            let kind = if postgres { on_postgres } else { on_sqlite };
            connection.execute_unprepared(&format!("ALTER TABLE event ADD COLUMN {name} {kind}")).await?;
        }
        for statement in existing(postgres) {
            connection.execute_unprepared(&statement).await?;
        }
        manager.drop_index(Index::drop().name("event_note_id_id").table("event").to_owned()).await?;
        index(manager, "event", &["transaction_id", "id"], false).await?;
        index(manager, "event", &["note_id", "transaction_id", "id"], false).await?;
        manager
            .create_table(
                owned_table("event_floor")
                    // The position of the last event that was removed.
                    .col(ColumnDef::new("transaction_id").big_integer().not_null())
                    .col(ColumnDef::new("id").big_integer().not_null())
                    .primary_key(Index::create().col("company_id"))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("event_log")
                    .col(ColumnDef::new("id").integer().not_null().primary_key())
                    // Another one after a restore or a copy.
                    .col(ColumnDef::new("generation").big_integer().not_null())
                    // The key that hides positions in cursors, as hexadecimal digits.
                    .col(ColumnDef::new("secret").text().not_null())
                    // The database that the generation belongs to; null until a server has started on it.
                    .col(ColumnDef::new("identity").text())
                    .take(),
            )
            .await?;
        let random = if postgres {
            "('x' || left(md5(gen_random_uuid()::text), 15))::bit(60)::bigint, \
             replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')"
        } else {
            "abs(random()), lower(hex(randomblob(32)))"
        };
        connection
            .execute_unprepared(&format!("INSERT INTO event_log (id, generation, secret) SELECT 1, {random}"))
            .await?;
        if postgres {
            connection.execute_unprepared(POSITION).await?;
            connection
                .execute_unprepared(
                    "CREATE TRIGGER event_position BEFORE INSERT ON event FOR EACH ROW \
                     EXECUTE FUNCTION position_event()",
                )
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared("DROP TRIGGER event_position ON event").await?;
            connection.execute_unprepared("DROP FUNCTION position_event()").await?;
        }
        manager.drop_table(Table::drop().table("event_log").take()).await?;
        manager.drop_table(Table::drop().table("event_floor").take()).await?;
        for name in ["event_transaction_id_id", "event_note_id_transaction_id_id"] {
            manager.drop_index(Index::drop().name(name).table("event").to_owned()).await?;
        }
        for (name, ..) in COLUMNS {
            connection.execute_unprepared(&format!("ALTER TABLE event DROP COLUMN {name}")).await?;
        }
        connection.execute_unprepared("ALTER TABLE event DROP COLUMN transaction_id").await?;
        index(manager, "event", &["note_id", "id"], false).await
    }
}

/// The position of an event is its transaction, as the number of an event says nothing about the order of commits. A
/// transaction may have its number before it waits for the lock of a note that a later one holds; its events of that
/// note then take the place of the later transaction, so that the events of a note are in the order of its changes.
/// When no transaction up to that one runs any more, this one has ended as well.
const POSITION: &str = "CREATE FUNCTION position_event() RETURNS trigger LANGUAGE plpgsql AS $$ \
     BEGIN \
         SELECT greatest(pg_current_xact_id()::text::bigint, max(transaction_id)) INTO NEW.transaction_id \
         FROM event WHERE company_id = NEW.company_id AND note_id = NEW.note_id; \
         RETURN NEW; \
     END $$";

/// Fills the new columns of existing events with what is known: the access to the note as it is now, or to nobody but
/// those who see all notes, if the note is gone or has ever changed its confidentiality.
fn existing(postgres: bool) -> [String; 2] {
    let (changed, list) = if postgres {
        (
            "k.changes @> '[{\"field\": \"confidential\"}]'",
            "SELECT jsonb_agg(user_id) FROM assignment AS a WHERE a.company_id = event.company_id AND a.note_id = event.note_id",
        )
    } else {
        (
            "k.changes LIKE '%\"field\":\"confidential\"%'",
            "SELECT json_group_array(user_id) FROM assignment AS a \
             WHERE a.company_id = event.company_id AND a.note_id = event.note_id",
        )
    };
    let of_note = "n.company_id = event.company_id AND n.id = event.note_id";
    let note = |column: &str| format!("(SELECT {column} FROM note AS n WHERE {of_note})");
    let confidential = format!(
        "coalesce({}, true) OR EXISTS (SELECT 1 FROM event AS k \
         WHERE k.company_id = event.company_id AND k.note_id = event.note_id AND {changed})",
        note("n.confidential")
    );
    let (author, customer) = (note("n.user_id"), note("n.customer_id"));
    [
        format!(
            "UPDATE event SET \
             confidential_before = CASE WHEN type = 'created' THEN NULL ELSE {confidential} END, \
             confidential_after = CASE WHEN type = 'deleted' THEN NULL ELSE {confidential} END, \
             author_before_id = {author}, author_after_id = {author}, \
             customer_before_id = {customer}, customer_after_id = {customer}"
        ),
        format!("UPDATE event SET assignees = ({list}) WHERE confidential_before OR confidential_after"),
    ]
}
