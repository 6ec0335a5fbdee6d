use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, StatementBuilder};

/// The SQL dialect of a connection. It cannot be compared or matched outside of this folder: ask it for what you want.
#[derive(Clone, Copy, Debug)]
pub struct Dialect(pub(super) Database);

#[derive(Clone, Copy, Debug)]
pub(super) enum Database {
    Postgres,
    Sqlite,
}

impl Dialect {
    #[cfg(test)]
    pub const POSTGRES: Self = Self(Database::Postgres);
    #[cfg(test)]
    pub const SQLITE: Self = Self(Database::Sqlite);

    pub fn of(connection: &impl ConnectionTrait) -> Self {
        Self::of_backend(connection.get_database_backend())
    }

    pub(in crate::store::db) fn of_backend(backend: DatabaseBackend) -> Self {
        Self(match backend {
            DatabaseBackend::Postgres => Database::Postgres,
            _ => Database::Sqlite,
        })
    }

    /// A statement from its text. Parameters are written as `$1`, `$2` and so on, which both databases understand.
    pub fn statement(self, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement::from_sql_and_values(self.backend(), sql, values)
    }

    /// A statement from its builder.
    pub fn build(self, statement: &impl StatementBuilder) -> Statement {
        self.backend().build(statement)
    }

    fn backend(self) -> DatabaseBackend {
        match self.0 {
            Database::Postgres => DatabaseBackend::Postgres,
            Database::Sqlite => DatabaseBackend::Sqlite,
        }
    }

    /// Whether transactions that write can run at the same time, and wait for each other's rows. `SQLite` has one
    /// writer at a time, so that a later transaction sees all that an earlier one has written.
    pub fn has_concurrent_writers(self) -> bool {
        match self.0 {
            Database::Postgres => true,
            Database::Sqlite => false,
        }
    }
}
