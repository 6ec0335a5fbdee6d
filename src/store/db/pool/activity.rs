use std::time::Duration;

use sea_orm::{DatabaseBackend, DbErr, Statement};
use tokio::time::timeout;

use crate::store::db::postgres::{LazySession, cell};

/// How long to wait for the answer about a connection.
const ANSWER: Duration = Duration::from_secs(1);

/// The activity of a connection while its statement is unanswered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It runs the statement.
    Works,
    /// It waits for a lock, or its activity is unknown.
    Waits,
    /// It has no statement: the request or the response was lost.
    Idles,
}

/// Asks `PostgreSQL` about other connections, over a connection of its own.
#[derive(Clone, Debug)]
pub struct Overview(LazySession);

impl Overview {
    pub fn new(lazy_session: LazySession) -> Self {
        Self(lazy_session)
    }

    /// Returns what the server process of a connection is doing.
    pub async fn of(&self, process: i32) -> Activity {
        match timeout(ANSWER, self.ask(process)).await {
            Ok(Ok(activity)) => activity,
            // Failing to ask is no reason to cancel the statement.
            Ok(Err(_)) => Activity::Waits,
            Err(_) => {
                self.0.leave();
                Activity::Waits
            }
        }
    }

    async fn ask(&self, process: i32) -> Result<Activity, DbErr> {
        // A process that has just become idle may have sent its result a moment ago.
        let sql = "SELECT coalesce(wait_event_type, '') = 'Lock', \
                   state = 'active' OR state_change > clock_timestamp() - interval '1 second' \
                   FROM pg_stat_activity WHERE pid = $1";
        let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, [process.into()]);
        let session = self.0.session().await?;
        let mut rows = session.rows(&statement).await?;
        let mut activity = Activity::Idles;
        while let Some(row) = rows.next().await? {
            let says = |place: usize| cell::<bool>(&row, place).map(|told| told.unwrap_or(true));
            activity = match (says(0)?, says(1)?) {
                (true, _) => Activity::Waits,
                (false, true) => Activity::Works,
                (false, false) => Activity::Idles,
            };
        }
        Ok(activity)
    }

    pub async fn close(&self) {
        self.0.close().await;
    }
}
