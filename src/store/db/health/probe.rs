use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sea_orm::{DatabaseBackend, DbErr, RuntimeErr, Statement};
use tokio::time::timeout;

use crate::store::db::connection_epoch::ConnectionEpoch;
use crate::store::db::postgres::{Server, Session, broken, cell};
use crate::store::db::stopwatch::Stopwatch;

/// How long the server may take to accept a connection.
const WAIT: Duration = Duration::from_secs(10);
/// Minimum time between two connections that check whether the database accepts changes again.
const SELDOM: Duration = Duration::from_secs(1);

/// Opens a connection of its own to learn how `PostgreSQL` treats new connections.
#[derive(Clone, Debug)]
pub struct Probe(Arc<Probing>);

#[derive(Debug)]
struct Probing {
    server: Server,
    watch: Stopwatch,
    /// When the latest check began; 0 if there was none.
    begun: AtomicU64,
}

impl Probe {
    pub fn new(server: Server) -> Self {
        Self(Arc::new(Probing { server, watch: Stopwatch::start(), begun: AtomicU64::new(0) }))
    }

    /// Checks that the database can be reached.
    ///
    /// # Errors
    /// The report of the server, or that it did not answer.
    pub async fn reach(&self) -> Result<(), DbErr> {
        let silent = |_| DbErr::Conn(RuntimeErr::Internal(format!("no response within {} seconds", WAIT.as_secs())));
        let opened = timeout(WAIT, Session::open(&self.0.server, None)).await.map_err(silent)?;
        opened.map(drop).map_err(broken)
    }

    /// Checks in the background whether new connections accept changes, after one did not. Connections opened while the
    /// database was read-only stay read-only, so they are marked as stale once new ones accept changes; before that,
    /// replacing them would not help.
    pub fn check_writable(&self, epoch: &ConnectionEpoch) {
        if !self.0.watch.mark(&self.0.begun, SELDOM) {
            return;
        }
        let (probe, epoch) = (self.clone(), epoch.clone());
        tokio::spawn(async move {
            if let Ok(Ok(true)) = timeout(WAIT, probe.is_writable()).await {
                epoch.advance();
            }
        });
    }

    async fn is_writable(&self) -> Result<bool, DbErr> {
        let (session, _) = Session::open(&self.0.server, None).await.map_err(broken)?;
        let ask = Statement::from_string(DatabaseBackend::Postgres, "SHOW transaction_read_only");
        let row = session.rows(&ask).await?.next().await?;
        let read_only: Option<String> = row.map_or(Ok(None), |row| cell(&row, 0))?;
        Ok(read_only.as_deref() == Some("off"))
    }
}
