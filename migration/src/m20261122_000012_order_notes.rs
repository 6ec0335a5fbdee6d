//! Orders of notes other than by the times of creation and change, and the filter by the time of closing.

use sea_orm_migration::prelude::*;

use crate::company_table::index;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// As values that are never empty: what has no reminder is before all times, or after all. On `SQLite` times are texts
/// that begin with a digit, so these words are before and after them as well.
const REMINDERS: [(&str, &str); 2] =
    [("note_reminder_nulls_first_id", "'-infinity'"), ("note_reminder_nulls_last_id", "'infinity'")];
/// Fields of few values, by themselves and with the newest first: the notes of one value may be most of all.
const OTHERS: [&[&str]; 3] = [&["priority", "id"], &["priority", "created_on", "id"], &["show_on_overview", "id"]];
/// Open before closed is against the order of the texts, and its ids go up.
const STATUS: &str = "CREATE INDEX note_status_id ON note (company_id, status, id DESC)";
/// Only closed notes have the time: the others are left out.
const CLOSED: &str = "CREATE INDEX note_closed_on_id ON note (company_id, closed_on, id) WHERE closed_on IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (name, nothing) in REMINDERS {
            let index = format!("CREATE INDEX {name} ON note (company_id, coalesce(reminder, {nothing}), id)");
            connection.execute_unprepared(&index).await?;
        }
        for columns in OTHERS {
            index(manager, "note", columns, false).await?;
        }
        connection.execute_unprepared(STATUS).await?;
        connection.execute_unprepared(CLOSED).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let others = OTHERS.iter().map(|columns| format!("note_{}", columns.join("_")));
        let names = REMINDERS.iter().map(|(name, _)| (*name).to_owned()).chain(others);
        for name in names.chain(["note_status_id".to_owned(), "note_closed_on_id".to_owned()]) {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        Ok(())
    }
}
