//! Connection pools with fair scheduling.

mod activity;
mod connection;
mod pooled_connection;

use std::sync::Arc;

use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr};

pub use activity::{Activity, Overview};
pub use connection::Connection;
pub use pooled_connection::PooledConnection;

use crate::scheduling::{CpuScheduler, Principal, Scheduler, SchedulerLimits, WorkClass};

/// A pool of connections with fair scheduling.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    scheduler: Scheduler,
    connections: Vec<Connection>,
    /// Permits for long statements, if they need any.
    turns: Option<CpuScheduler>,
}

impl Pool {
    /// Creates a pool. `connections` must be as many as `limits` says; `turns` are the permits for long statements, if
    /// they need any.
    pub fn new(connections: Vec<Connection>, limits: SchedulerLimits, turns: Option<CpuScheduler>) -> Self {
        debug_assert_eq!(connections.len(), limits.ordinary + limits.reserved);
        Self(Arc::new(Shared { scheduler: Scheduler::new(limits), connections, turns }))
    }

    /// Permits for long statements, if they need any.
    pub fn turns(&self) -> Option<&CpuScheduler> {
        self.0.turns.as_ref()
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// If that takes too long, or too many requests of the same principal wait already.
    pub async fn take(&self, principal: Principal, class: WorkClass) -> Result<PooledConnection, DbErr> {
        match self.0.scheduler.acquire(principal, class).await {
            Ok(permit) => {
                Ok(PooledConnection::new(self.0.connections[permit.index()].clone(), permit, self.0.turns.clone()))
            }
            Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        }
    }

    /// How many connections are in use.
    pub fn taken(&self) -> usize {
        self.0.scheduler.taken()
    }

    /// The connections to `SQLite`, for use without scheduling.
    pub fn sqlite_connections(&self) -> impl Iterator<Item = DatabaseConnection> {
        self.0.connections.iter().filter_map(Connection::sqlite_connection).cloned()
    }

    /// Calls `callback` for every statement. Only for a pool that is not in use yet.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static,
    {
        let mut connections = self.0.connections.clone();
        for connection in &mut connections {
            connection.observe(callback.clone());
        }
        *self = Self::new(connections, self.0.scheduler.limits(), self.0.turns.clone());
    }

    /// Waits for running statements, then closes all connections.
    ///
    /// # Errors
    /// If the driver reports one.
    pub async fn close(&self) -> Result<(), DbErr> {
        for connection in &self.0.connections {
            connection.close().await?;
        }
        Ok(())
    }
}
