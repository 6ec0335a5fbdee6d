use sea_orm::DbErr;

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
        self.execute_without_timeout(statement).await.map(drop)
    }
}
