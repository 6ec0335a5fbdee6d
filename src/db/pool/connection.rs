use std::sync::Arc;

use sea_orm::metric::Info;
use sea_orm::{DatabaseConnection, DbErr};

use super::activity::Overview;
use crate::db::limit::TimeLimit;
use crate::db::postgres::{Line, Observer};

/// A connection to the database, opened on first use.
#[derive(Clone, Debug)]
pub enum Connection {
    /// A pool of one, so that it is known which connection a statement uses. The limit is checked by `SQLite`'s
    /// progress handler.
    Sqlite(DatabaseConnection, TimeLimit),
    Postgres(Line, Overview),
}

impl Connection {
    pub fn sqlite(mut door: DatabaseConnection, limit: TimeLimit) -> Self {
        observe(&mut door, &limit, |_| ());
        Self::Sqlite(door, limit)
    }

    /// The pool of one, if this is a connection to `SQLite`.
    pub fn sqlite_door(&self) -> Option<&DatabaseConnection> {
        match self {
            Self::Sqlite(door, _) => Some(door),
            Self::Postgres(..) => None,
        }
    }

    /// Calls `callback` for every statement.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&Info<'_>) + Send + Sync + 'static,
    {
        match self {
            Self::Sqlite(door, limit) => observe(door, limit, callback),
            Self::Postgres(line, _) => *line = line.observed(Observer(Arc::new(callback))),
        }
    }

    /// The time limit of its statements, if this is a connection to `SQLite`.
    pub fn limit(&self) -> Option<&TimeLimit> {
        match self {
            Self::Sqlite(_, limit) => Some(limit),
            Self::Postgres(..) => None,
        }
    }

    /// Waits until the connection is free again, after the future of a statement was dropped.
    pub async fn recover(&self) {
        match self {
            Self::Sqlite(door, limit) => {
                limit.expire();
                // This acquires the only connection, once it is back or replaced.
                if let Err(error) = door.ping().await {
                    tracing::debug!(cause = %error, "a connection does not come back");
                }
            }
            Self::Postgres(line, _) => line.recover().await,
        }
    }

    /// Waits for the running statement, then closes the connection.
    ///
    /// # Errors
    /// If the driver reports one.
    pub async fn close(&self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(door, _) => door.close_by_ref().await,
            Self::Postgres(line, _) => {
                line.close().await;
                Ok(())
            }
        }
    }
}

/// Calls `callback` for every statement, and restarts the time limit as each ends.
fn observe<F>(door: &mut DatabaseConnection, limit: &TimeLimit, callback: F)
where
    F: Fn(&Info<'_>) + Send + Sync + 'static,
{
    let limit = limit.clone();
    door.set_metric_callback(move |info| {
        limit.next();
        callback(info);
    });
}
