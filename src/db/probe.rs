use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{ConnectOptions as _, Connection, query_scalar};
use sea_orm::{DbErr, RuntimeErr, SqlxError};
use tokio::time::timeout;

use super::connect::WAIT;
use super::doubt::Doubt;
use super::stopwatch::Stopwatch;

/// How often at most a connection is made to see whether changes are taken again.
const SELDOM: Duration = Duration::from_secs(1);

/// Looks by a connection of its own how `PostgreSQL` takes those that are made now.
#[derive(Clone, Debug)]
pub struct Probe(Arc<Probing>);

#[derive(Debug)]
struct Probing {
    options: PgConnectOptions,
    watch: Stopwatch,
    /// When it was last begun; 0 where it never was.
    begun: AtomicU64,
}

impl Probe {
    pub fn new(options: PgConnectOptions) -> Self {
        Self(Arc::new(Probing { options, watch: Stopwatch::start(), begun: AtomicU64::new(0) }))
    }

    /// Whether the database can be reached.
    ///
    /// # Errors
    /// What it says, or that it said nothing.
    pub async fn reach(&self) -> Result<(), DbErr> {
        let reach = async { self.0.options.connect().await?.close().await };
        let failed = match timeout(WAIT, reach).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => RuntimeErr::SqlxError(Arc::new(error)),
            Err(_) => RuntimeErr::Internal(format!("no answer within {} seconds", WAIT.as_secs())),
        };
        Err(DbErr::Conn(failed))
    }

    /// A connection takes no changes. One that was made while the database took none goes on so: where those that are
    /// made now take some, the others come into doubt. While the database takes none, replacing them would help nobody.
    pub fn look_for_changes(&self, doubt: &Doubt) {
        if !self.0.watch.mark(&self.0.begun, SELDOM) {
            return;
        }
        let (probe, doubt) = (self.clone(), doubt.clone());
        tokio::spawn(async move {
            if let Ok(Ok(true)) = timeout(WAIT, probe.takes_changes()).await {
                doubt.raise();
            }
        });
    }

    async fn takes_changes(&self) -> Result<bool, SqlxError> {
        let mut connection = self.0.options.connect().await?;
        let read_only: String = query_scalar("SHOW transaction_read_only").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(read_only == "off")
    }
}
