use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sea_orm::{DatabaseBackend, DbErr, RuntimeErr, Statement};
use tokio::time::timeout;

use super::connect::WAIT;
use super::doubt::Doubt;
use super::postgres::{Server, Session, broken, cell};
use super::stopwatch::Stopwatch;

/// How often at most a connection is made to see whether changes are taken again.
const SELDOM: Duration = Duration::from_secs(1);

/// Looks by a connection of its own how `PostgreSQL` takes those that are made now.
#[derive(Clone, Debug)]
pub struct Probe(Arc<Probing>);

#[derive(Debug)]
struct Probing {
    server: Server,
    watch: Stopwatch,
    /// When it was last begun; 0 where it never was.
    begun: AtomicU64,
}

impl Probe {
    pub fn new(server: Server) -> Self {
        Self(Arc::new(Probing { server, watch: Stopwatch::start(), begun: AtomicU64::new(0) }))
    }

    /// Whether the database can be reached.
    ///
    /// # Errors
    /// What it says, or that it said nothing.
    pub async fn reach(&self) -> Result<(), DbErr> {
        let silent = |_| DbErr::Conn(RuntimeErr::Internal(format!("no answer within {} seconds", WAIT.as_secs())));
        let opened = timeout(WAIT, Session::open(&self.0.server, None)).await.map_err(silent)?;
        opened.map(drop).map_err(broken)
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

    async fn takes_changes(&self) -> Result<bool, DbErr> {
        let (session, _) = Session::open(&self.0.server, None).await.map_err(broken)?;
        let ask = Statement::from_string(DatabaseBackend::Postgres, "SHOW transaction_read_only");
        let row = session.rows(&ask).await?.next().await?;
        let read_only: Option<String> = row.map_or(Ok(None), |row| cell(&row, 0))?;
        Ok(read_only.as_deref() == Some("off"))
    }
}
