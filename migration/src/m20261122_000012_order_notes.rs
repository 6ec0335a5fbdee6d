//! Adds indexes for orders of notes other than by the times of creation and update, and for the filter by closing time.

use sea_orm_migration::prelude::*;

use crate::company_table::index;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Non-null sort keys: notes without a reminder sort before all times, or after all. `SQLite` stores times as texts
/// that begin with a digit, so these words sort before and after them as well.
const REMINDERS: [(&str, &str); 2] =
    [("note_reminder_nulls_first_id", "'-infinity'"), ("note_reminder_nulls_last_id", "'infinity'")];
/// Fields with few values, by themselves and with the creation time, since most notes may share one value.
const OTHERS: [&[&str]; 3] = [&["priority", "id"], &["priority", "created_on", "id"], &["show_on_overview", "id"]];
/// Open sorts before closed, which is the descending order of the texts, with ascending ids.
const STATUS: &str = "CREATE INDEX note_status_id ON note (company_id, status, id DESC)";
/// Only closed notes have this time; others are left out of the index.
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
