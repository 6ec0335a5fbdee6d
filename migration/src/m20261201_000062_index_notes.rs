//! Drops indexes of notes that hardly any list needs: each change of a note writes an entry into every index that has a
//! changed column, and on `PostgreSQL` into all of them.

use sea_orm_migration::prelude::*;

use crate::company_table::index;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The indexes that are dropped, by their columns after the company. The notes of a customer, an author or a type are
/// sorted by the time of their update; a list of one status is read in that order.
const DROPPED: [&[&str]; 6] = [
    &["customer_id", "updated_on", "id"],
    &["user_id", "updated_on", "id"],
    &["type_id", "updated_on", "id"],
    &["status", "updated_on", "id"],
    &["priority", "id"],
    &["show_on_overview", "id"],
];
/// Dropped as well: notes of equal status are listed by their creation now.
const STATUS: &str = "CREATE INDEX note_status_id ON note (company_id, status, id DESC)";
const REFERENCE: &str = "note_reference_type_reference_id_created_on_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let dropped = DROPPED.map(|columns| format!("note_{}", columns.join("_")));
        for name in dropped.into_iter().chain(["note_status_id".to_owned(), REFERENCE.to_owned()]) {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        // Most notes have no reference, and are left out.
        let reference = format!(
            "CREATE INDEX {REFERENCE} ON note (company_id, reference_type, reference_id, created_on, id) \
             WHERE reference_type IS NOT NULL"
        );
        connection.execute_unprepared(&reference).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared(&format!("DROP INDEX {REFERENCE}")).await?;
        index(manager, "note", &["reference_type", "reference_id", "created_on", "id"], false).await?;
        for columns in DROPPED {
            index(manager, "note", columns, false).await?;
        }
        connection.execute_unprepared(STATUS).await.map(drop)
    }
}
