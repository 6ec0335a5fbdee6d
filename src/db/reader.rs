use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::metric::Info;
use sea_orm::prelude::async_trait;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, ExecResult, QueryResult, Statement,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::connect::TURN;
use super::limit::Limited;

/// Where is read from: each statement on whichever connection is free.
#[derive(Clone, Debug)]
pub struct Reader(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Pool(DatabaseConnection),
    Each(Arc<Each>),
}

struct Each {
    connections: Vec<Limited>,
    /// Those that are free, the one that rested longest first.
    free: Mutex<VecDeque<usize>>,
    turns: Semaphore,
}

/// A connection, until this is dropped.
struct Taken<'a> {
    each: &'a Each,
    index: usize,
    /// The statement on it has ended.
    is_done: bool,
    _turn: SemaphorePermit<'a>,
}

impl Reader {
    /// From a pool.
    pub fn of_pool(pool: DatabaseConnection) -> Self {
        Self(Kind::Pool(pool))
    }

    /// From connections that have a time limit each. Who takes one from a pool does not learn which it is: here each is
    /// a pool of one.
    pub fn of_each(connections: Vec<Limited>) -> Self {
        let free = Mutex::new((0..connections.len()).collect());
        let turns = Semaphore::new(connections.len());
        Self(Kind::Each(Arc::new(Each { connections, free, turns })))
    }

    /// Calls back with every statement.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&Info<'_>) + Clone + Send + Sync + 'static,
    {
        match &mut self.0 {
            Kind::Pool(pool) => pool.set_metric_callback(callback),
            Kind::Each(each) => {
                let mut connections = each.connections.clone();
                for connection in &mut connections {
                    connection.observe(callback.clone());
                }
                *self = Self::of_each(connections);
            }
        }
    }

    /// Waits for the statements that run, then closes all connections.
    ///
    /// # Errors
    /// When the driver reports one.
    pub async fn close(self) -> Result<(), DbErr> {
        match self.0 {
            Kind::Pool(pool) => pool.close().await,
            Kind::Each(each) => {
                for connection in &each.connections {
                    connection.door.close_by_ref().await?;
                }
                Ok(())
            }
        }
    }
}

impl Each {
    async fn take(&self) -> Result<Taken<'_>, DbErr> {
        let none = || DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        let turn = timeout(TURN, self.turns.acquire()).await.map_err(|_| none())?.map_err(|_| none())?;
        let index = self.free().pop_front().ok_or_else(none)?;
        Ok(Taken { each: self, index, is_done: false, _turn: turn })
    }

    /// Runs one statement.
    async fn run<T>(&self, statement: impl AsyncFnOnce(&DatabaseConnection) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let mut taken = self.take().await?;
        let result = statement(&taken.connection().door).await;
        taken.is_done = true;
        result
    }

    /// Nothing panics while it holds the list.
    fn free(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Each {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Each").field("connections", &self.connections.len()).finish_non_exhaustive()
    }
}

impl Taken<'_> {
    fn connection(&self) -> &Limited {
        // One of those that there are, from the first list on.
        &self.each.connections[self.index]
    }
}

impl Drop for Taken<'_> {
    /// Before the turn is given back, as fields are dropped after this.
    fn drop(&mut self) {
        if !self.is_done {
            // Whoever asked has hung up. The statement would run on, and whoever is given the connection wait for it.
            self.connection().limit.expire();
        }
        self.each.free().push_back(self.index);
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DatabaseBackend {
        match &self.0 {
            Kind::Pool(pool) => pool.get_database_backend(),
            Kind::Each(_) => DatabaseBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &self.0 {
            Kind::Pool(pool) => pool.execute_raw(statement).await,
            Kind::Each(each) => each.run(async |door| door.execute_raw(statement).await).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match &self.0 {
            Kind::Pool(pool) => pool.execute_unprepared(sql).await,
            Kind::Each(each) => each.run(async |door| door.execute_unprepared(sql).await).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match &self.0 {
            Kind::Pool(pool) => pool.query_one_raw(statement).await,
            Kind::Each(each) => each.run(async |door| door.query_one_raw(statement).await).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.0 {
            Kind::Pool(pool) => pool.query_all_raw(statement).await,
            Kind::Each(each) => each.run(async |door| door.query_all_raw(statement).await).await,
        }
    }
}
