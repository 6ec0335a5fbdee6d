use sea_orm::{ConnectionTrait, DbErr};

use super::Database;
use crate::store::db::Db;

impl Db {
    /// The names of the tables, in order, without those of the database itself and the list of applied migrations.
    ///
    /// # Errors
    /// If the query fails.
    pub async fn tables(&self) -> Result<Vec<String>, DbErr> {
        let dialect = self.dialect();
        let sql = match dialect.0 {
            Database::Postgres => {
                "SELECT table_name AS name FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_name <> 'seaql_migrations' ORDER BY 1"
            }
            Database::Sqlite => {
                r"SELECT name FROM sqlite_master
                  WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name <> 'seaql_migrations' ORDER BY 1"
            }
        };
        let rows = self.read().query_all_raw(dialect.statement(sql, [])).await?;
        rows.iter().map(|row| row.try_get("", "name")).collect()
    }
}
