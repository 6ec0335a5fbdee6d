//! Gives each company its own id counters: a shared counter revealed to a company how many records the others create.
//! Only events keep a shared one, which is never shown; the id of a company is random from now on.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::company_table::owned_table;
use crate::ids::{create_ids, drop_ids};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The tables, and queries for the ids in use. Events include the ids of deleted notes, which are not given out again.
const TABLES: [(&str, &str); 6] = [
    ("customer", "SELECT company_id, id FROM customer"),
    ("user", "SELECT company_id, id FROM \"user\""),
    ("note_type", "SELECT company_id, id FROM note_type"),
    ("note", "SELECT company_id, id FROM note UNION ALL SELECT company_id, note_id FROM event"),
    (
        "message",
        "SELECT company_id, id FROM message \
         UNION ALL SELECT company_id, message_id FROM event WHERE message_id IS NOT NULL",
    ),
    ("token", "SELECT company_id, id FROM token"),
];

/// Larger ids were imported, and new ones never come near them.
const LARGEST: i64 = 1 << 52;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                owned_table("company_counter")
                    .col(ColumnDef::new("name").text().not_null())
                    // At least as large as every id of the table that this program created; new ids are larger.
                    .col(ColumnDef::new("value").big_integer().not_null())
                    .primary_key(Index::create().col("company_id").col("name"))
                    .take(),
            )
            .await?;
        for (name, ids) in TABLES {
            let count = format!(
                "INSERT INTO company_counter (company_id, name, value) \
                 SELECT company_id, '{name}', max(id) FROM ({ids}) AS k WHERE id <= {LARGEST} GROUP BY company_id"
            );
            manager.get_connection().execute_unprepared(&count).await?;
            drop_ids(manager, name).await?;
        }
        drop_ids(manager, "company").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in TABLES {
            create_ids(manager, name).await?;
            let largest = format!("(SELECT max(value) FROM company_counter WHERE name = '{name}')");
            start(manager, name, &largest).await?;
        }
        create_ids(manager, "company").await?;
        start(manager, "company", "(SELECT max(id) FROM company)").await?;
        manager.drop_table(Table::drop().table("company_counter").take()).await
    }
}

/// Sets a shared counter to continue after the largest id.
async fn start(manager: &SchemaManager<'_>, name: &str, largest: &str) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        DbBackend::Postgres => {
            format!("SELECT setval('{name}_id', greatest({largest}, 1), coalesce({largest}, 0) > 0)")
        }
        _ => format!("UPDATE id_counter SET value = coalesce({largest}, 0) WHERE name = '{name}_id'"),
    };
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}
