use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, SqlxError, Statement};
use tokio::sync::Mutex;

use crate::store::db::ReadPool;
use crate::store::db::postgres::{Server, Session, broken};

/// Checks that the database answers, on a connection that nothing else uses: operations that hold all others must not
/// make a healthy server look unhealthy.
#[derive(Clone, Debug)]
pub enum ReadinessProbe {
    Postgres(Arc<PostgresReadiness>),
    Sqlite(ReadPool),
}

#[derive(Debug)]
pub struct PostgresReadiness {
    server: Server,
    held: Mutex<CheckConnection>,
}

#[derive(Debug)]
enum CheckConnection {
    /// Not opened yet, broken, or abandoned by a check that was dropped.
    Disconnected,
    Connection(Box<Session>),
    Closed,
}

impl ReadinessProbe {
    /// The first check opens the connection, on its own runtime.
    pub fn postgres(server: Server) -> Self {
        Self::Postgres(Arc::new(PostgresReadiness { server, held: Mutex::new(CheckConnection::Disconnected) }))
    }

    /// `reader` has a connection of its own.
    pub fn sqlite(reader: ReadPool) -> Self {
        Self::Sqlite(reader)
    }

    /// Runs a check. One that is dropped does not block the next.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn check(&self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(postgres) => postgres.check().await.map_err(broken),
            Self::Sqlite(reader) => {
                // Reads the file, which `SELECT 1` would not.
                let statement = Statement::from_string(DatabaseBackend::Sqlite, "SELECT count(*) FROM sqlite_schema");
                reader.query_one_raw(statement).await.map(drop)
            }
        }
    }

    /// Closes the connection.
    ///
    /// # Errors
    /// If the driver reports one.
    pub async fn close(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(postgres) => {
                // Drop it without a farewell: its runtime may be gone.
                *postgres.held.lock().await = CheckConnection::Closed;
                Ok(())
            }
            Self::Sqlite(reader) => reader.pool().close().await,
        }
    }
}

impl PostgresReadiness {
    async fn check(&self) -> Result<(), SqlxError> {
        let mut held = self.held.lock().await;
        match std::mem::replace(&mut *held, CheckConnection::Disconnected) {
            CheckConnection::Closed => {
                *held = CheckConnection::Closed;
                return Err(SqlxError::PoolClosed);
            }
            CheckConnection::Connection(connection) => {
                if connection.ping().await.is_ok() {
                    *held = CheckConnection::Connection(connection);
                    return Ok(());
                }
                // It broke while idle; a new connection tells the current state of the database.
            }
            CheckConnection::Disconnected => {}
        }
        let (connection, _) = Session::open(&self.server, None).await?;
        connection.ping().await?;
        *held = CheckConnection::Connection(Box::new(connection));
        Ok(())
    }
}
