use std::sync::Arc;

use sea_orm::metric::Info;
use sea_orm::{DatabaseConnection, DbErr};

use super::activity::Overview;
use crate::db::limit::TimeLimit;
use crate::db::postgres::{Line, Observer};

/// A connection to the database, which is opened when it is needed.
#[derive(Clone, Debug)]
pub enum Connection {
    /// A pool of one, so that it is known which connection a statement runs on. `SQLite` asks from time to time whether
    /// to go on.
    Sqlite(DatabaseConnection, TimeLimit),
    Postgres(Line, Overview),
}

impl Connection {
    pub fn sqlite(mut door: DatabaseConnection, limit: TimeLimit) -> Self {
        observe(&mut door, &limit, |_| ());
        Self::Sqlite(door, limit)
    }

    /// `SQLite`'s pool of one.
    pub fn sqlite_door(&self) -> Option<&DatabaseConnection> {
        match self {
            Self::Sqlite(door, _) => Some(door),
            Self::Postgres(..) => None,
        }
    }

    /// Calls back with every statement.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&Info<'_>) + Send + Sync + 'static,
    {
        match self {
            Self::Sqlite(door, limit) => observe(door, limit, callback),
            Self::Postgres(line, _) => *line = line.observed(Observer(Arc::new(callback))),
        }
    }

    /// The time limit of its statements, where `SQLite` keeps it.
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
                // It acquires the one connection that there is: when it was given back, or a new one.
                if let Err(error) = door.ping().await {
                    tracing::debug!(cause = %error, "a connection does not come back");
                }
            }
            Self::Postgres(line, _) => line.recover().await,
        }
    }

    /// Waits for the statement that runs, then closes the connection.
    ///
    /// # Errors
    /// When the driver reports one.
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

/// A statement has its own time: it begins when the one before it has ended.
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
