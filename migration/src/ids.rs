//! Generators of ids: a sequence for each table on `PostgreSQL`, a row of `id_counter` on `SQLite`, which has no
//! sequences. Both are named `<table>_id` and start at 1.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub async fn create_ids(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        DbBackend::Postgres => format!("CREATE SEQUENCE {table}_id AS bigint"),
        _ => format!("INSERT INTO id_counter (name, value) VALUES ('{table}_id', 0)"),
    };
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}

pub async fn drop_ids(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        DbBackend::Postgres => format!("DROP SEQUENCE {table}_id"),
        _ => format!("DELETE FROM id_counter WHERE name = '{table}_id'"),
    };
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}
