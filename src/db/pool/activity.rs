use std::time::Duration;

use sea_orm::{DatabaseBackend, DbErr, Statement};
use tokio::time::timeout;

use crate::db::postgres::{Line, cell};

/// How long to wait for what is told about a connection.
const ANSWER: Duration = Duration::from_secs(1);

/// What a connection does while an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It works on the statement.
    Works,
    /// It waits for a lock that somebody else holds, or nobody could tell what it does.
    Waits,
    /// It knows nothing of a statement: what was sent, or what came back, is lost.
    Idles,
}

/// Asks `PostgreSQL` about other connections to it, by one of its own.
#[derive(Clone, Debug)]
pub struct Overview(Line);

impl Overview {
    pub fn new(line: Line) -> Self {
        Self(line)
    }

    /// What the process that serves a connection does.
    pub async fn of(&self, process: i32) -> Activity {
        match timeout(ANSWER, self.ask(process)).await {
            Ok(Ok(activity)) => activity,
            // Whoever cannot be asked is no reason to stop anybody.
            Ok(Err(_)) => Activity::Waits,
            Err(_) => {
                self.0.leave();
                Activity::Waits
            }
        }
    }

    async fn ask(&self, process: i32) -> Result<Activity, DbErr> {
        // One that is idle for a moment has just sent what it found.
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
