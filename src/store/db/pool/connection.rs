use std::sync::Arc;

use sea_orm::metric::Info;
use sea_orm::{DatabaseConnection, DbErr};

use super::activity::Overview;
use crate::store::db::postgres::{LazySession, Observer};
use crate::store::db::statement::StatementTimeout;

/// A connection to the database, opened on first use.
#[derive(Clone, Debug)]
pub enum Connection {
    /// A pool of one, so that it is known which connection a statement uses. The limit is checked by `SQLite`'s
    /// progress handler.
    Sqlite(DatabaseConnection, StatementTimeout),
    Postgres(LazySession, Overview),
}

impl Connection {
    pub fn sqlite(mut connection: DatabaseConnection, limit: StatementTimeout) -> Self {
        observe(&mut connection, &limit, |_| ());
        Self::Sqlite(connection, limit)
    }

    /// The pool of one, if this is a connection to `SQLite`.
    pub fn sqlite_connection(&self) -> Option<&DatabaseConnection> {
        match self {
            Self::Sqlite(connection, _) => Some(connection),
            Self::Postgres(..) => None,
        }
    }

    /// Calls `callback` for every statement.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&Info<'_>) + Send + Sync + 'static,
    {
        match self {
            Self::Sqlite(connection, limit) => observe(connection, limit, callback),
            Self::Postgres(lazy_session, _) => *lazy_session = lazy_session.observed(Observer(Arc::new(callback))),
        }
    }

    /// The time limit of its statements, if this is a connection to `SQLite`.
    pub fn limit(&self) -> Option<&StatementTimeout> {
        match self {
            Self::Sqlite(_, limit) => Some(limit),
            Self::Postgres(..) => None,
        }
    }

    /// Waits until the connection is free again, after the future of a statement was dropped.
    pub async fn recover(&self) {
        match self {
            Self::Sqlite(connection, limit) => {
                limit.expire();
                // This acquires the only connection, once it is back or replaced.
                if let Err(error) = connection.ping().await {
                    tracing::debug!(cause = %error, "cannot recover a connection");
                }
            }
            Self::Postgres(lazy_session, _) => lazy_session.recover().await,
        }
    }

    /// Waits for the running statement, then closes the connection.
    ///
    /// # Errors
    /// If the driver reports one.
    pub async fn close(&self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(connection, _) => connection.close_by_ref().await,
            Self::Postgres(lazy_session, _) => {
                lazy_session.close().await;
                Ok(())
            }
        }
    }
}

/// Calls `callback` for every statement, and restarts the time limit as each ends.
fn observe<F>(connection: &mut DatabaseConnection, limit: &StatementTimeout, callback: F)
where
    F: Fn(&Info<'_>) + Send + Sync + 'static,
{
    let limit = limit.clone();
    connection.set_metric_callback(move |info| {
        limit.next();
        callback(info);
    });
}
