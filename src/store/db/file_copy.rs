use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions, Connection, SqliteConnection};
use sea_orm::{DbErr, RuntimeErr};

use super::Db;
use super::handle::BackendConnections;

impl Db {
    /// Whether the database is a file of this machine, as with `SQLite`.
    pub fn is_file(&self) -> bool {
        matches!(self.shared.connections, BackendConnections::Sqlite { .. })
    }

    /// Writes a consistent snapshot of a database that is a file into another file, which has no content yet, without
    /// blocking readers or writers.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn copy_file(&self, copy: &str) -> Result<(), DbErr> {
        let statement = self.dialect().statement("VACUUM INTO $1", [copy.into()]);
        // On the write connection, as a read-only one may not write another file either; this does not lock out
        // writers. Without a timeout, as the copy may take long.
        self.execute_without_timeout(statement).await?;
        forget_identity(copy).await.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(std::sync::Arc::new(error))))
    }
}

/// Makes the event log of a copy one of no database, so that a server which starts on it gives it a new generation:
/// even where the copy takes the place of the database in the same file.
async fn forget_identity(copy: &str) -> Result<(), sqlx::Error> {
    let mut copy: SqliteConnection = SqliteConnectOptions::new().filename(copy).connect().await?;
    let has_log: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM sqlite_master WHERE name = 'event_log'").fetch_optional(&mut copy).await?;
    if has_log.is_some() {
        sqlx::query("UPDATE event_log SET identity = NULL").execute(&mut copy).await?;
    }
    copy.close().await
}
