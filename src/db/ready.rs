use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, SqlxError, Statement};
use tokio::sync::Mutex;

use super::Reader;
use super::postgres::{Server, Session, broken};

/// Tells whether the database answers, over a connection that nothing else uses: operations that hold all others must not
/// make a healthy server look ill.
#[derive(Clone, Debug)]
pub enum Ready {
    Postgres(Arc<OfPostgres>),
    Sqlite(Reader),
}

#[derive(Debug)]
pub struct OfPostgres {
    server: Server,
    held: Mutex<Held>,
}

#[derive(Debug)]
enum Held {
    /// None yet, or it broke, or whoever used it gave up.
    Nothing,
    Connection(Box<Session>),
    Closed,
}

impl Ready {
    /// The connection is opened by the first check, and belongs to the runtime of that.
    pub fn postgres(server: Server) -> Self {
        Self::Postgres(Arc::new(OfPostgres { server, held: Mutex::new(Held::Nothing) }))
    }

    /// `reader` has a connection of its own.
    pub fn sqlite(reader: Reader) -> Self {
        Self::Sqlite(reader)
    }

    /// # Errors
    /// When the database does not answer. A check that is dropped leaves nothing behind that the next would wait for.
    pub async fn check(&self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(postgres) => postgres.check().await.map_err(broken),
            Self::Sqlite(reader) => {
                // A statement that reads the file.
                let statement = Statement::from_string(DatabaseBackend::Sqlite, "SELECT count(*) FROM sqlite_schema");
                reader.query_one_raw(statement).await.map(drop)
            }
        }
    }

    /// # Errors
    /// When the driver reports one.
    pub async fn close(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(postgres) => {
                // Dropped, not taken leave of: the runtime that it belongs to may be gone.
                *postgres.held.lock().await = Held::Closed;
                Ok(())
            }
            Self::Sqlite(reader) => reader.pool().close().await,
        }
    }
}

impl OfPostgres {
    async fn check(&self) -> Result<(), SqlxError> {
        let mut held = self.held.lock().await;
        match std::mem::replace(&mut *held, Held::Nothing) {
            Held::Closed => {
                *held = Held::Closed;
                return Err(SqlxError::PoolClosed);
            }
            Held::Connection(connection) => {
                if connection.ping().await.is_ok() {
                    *held = Held::Connection(connection);
                    return Ok(());
                }
                // It broke while it rested; another one tells how the database is now.
            }
            Held::Nothing => {}
        }
        let (connection, _) = Session::open(&self.server, None).await?;
        connection.ping().await?;
        *held = Held::Connection(Box::new(connection));
        Ok(())
    }
}
