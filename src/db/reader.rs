use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::prelude::async_trait;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseBackend, DbErr, ExecResult, QueryResult, Statement};

use tokio::sync::SemaphorePermit;

use super::door::Door;
use super::doubt::Doubt;
use super::fault::Fault;
use super::pool::{Lease, Pool};
use super::row::{Queries, Row};
use super::scope::Scope;
use super::work::{Ended, run};
use crate::fair::{LongTurn, Need};

/// Maximum time of a read on a reserved connection. A longer one is cancelled, and run again on an ordinary connection.
const BRIEF: Duration = Duration::from_millis(100);

/// Runs statements that read, each on any connection of the pool.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: Pool,
    backend: DatabaseBackend,
    scope: Arc<Scope>,
    doubt: Doubt,
}

impl Reader {
    pub(super) fn new(pool: Pool, backend: DatabaseBackend, scope: Arc<Scope>, doubt: Doubt) -> Self {
        Self { pool, backend, scope, doubt }
    }

    pub(super) fn scoped(&self, scope: Arc<Scope>) -> Self {
        Self { scope, ..self.clone() }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn pool_mut(&mut self) -> &mut Pool {
        &mut self.pool
    }

    fn need(&self) -> Need {
        if self.scope.transactions.load(Ordering::Relaxed) > 0 {
            Need::NestedRead
        } else if self.scope.is_long.load(Ordering::Relaxed) {
            Need::LongRead
        } else {
            Need::Read
        }
    }

    /// Waits for a permit, if a statement of this owner needs one from the start.
    async fn first_turn(&self) -> Option<LongTurn> {
        let turns = self.pool.turns().filter(|_| self.scope.is_metered())?;
        if !turns.free(self.scope.owner).is_zero() {
            return None;
        }
        Some(turns.first(self.scope.owner, || self.scope.check().is_ok()).await)
    }

    /// Waits for one of the few places that the reads of one operation share, if this read needs one.
    async fn place(&self, need: Need) -> Option<SemaphorePermit<'_>> {
        if need == Need::NestedRead || !self.scope.is_metered() {
            return None;
        }
        // The semaphore is never closed.
        self.scope.places.acquire().await.ok()
    }

    /// Takes a connection for a statement. On `PostgreSQL`, concurrent reads of one operation share a connection and
    /// are pipelined, so that only the first of them waits for one.
    async fn lease(&self, need: Need) -> Result<Arc<Lease>, DbErr> {
        let take = async || self.pool.take(self.scope.owner, need).await.map(Arc::new);
        if need == Need::NestedRead || !self.scope.is_metered() {
            return take().await;
        }
        let take = async || {
            // Reads queued behind one that timed out do not wait as long again.
            if self.scope.refused.is_recent() {
                return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
            }
            take().await.inspect_err(|_| self.scope.refused.note())
        };
        if self.backend != DatabaseBackend::Postgres {
            return take().await;
        }
        // Concurrent reads wait here while the first one waits for its connection.
        let mut shared = self.scope.shared.lock().await;
        self.scope.check()?;
        if let Some(lease) = shared.upgrade().filter(|lease| lease.may_be_shared()) {
            return Ok(lease);
        }
        let lease = take().await?;
        // A reserved connection is for one short statement, and is not shared.
        if !lease.is_reserved() {
            *shared = Arc::downgrade(&lease);
        }
        Ok(lease)
    }

    /// Runs one statement. Runs it again if it takes too long for a reserved connection, or if its connection was
    /// broken.
    async fn run<T>(
        &self,
        statement: Statement,
        run_on: impl for<'a> Fn(&'a Door, Statement, &'a Scope) -> BoxFuture<'a, Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let mut was_broken = false;
        loop {
            self.scope.check()?;
            let _place = self.place(self.need()).await;
            self.scope.check()?;
            let turn = self.first_turn().await;
            let need = self.need();
            let lease = self.lease(need).await?;
            if let Some(limit) = lease.limit() {
                // A cancelled statement may have left its permit.
                limit.end();
                if let Some(turn) = turn {
                    limit.adopt(turn);
                }
            }
            let longest = (lease.is_reserved() && need == Need::Read).then_some(BRIEF);
            let work = async {
                let door = lease.door().await?;
                run_on(&door, statement.clone(), &self.scope).await
            };
            match run(&self.scope, &lease, longest, work).await {
                // Idle connections break unnoticed; the first read on one finds out.
                Ended::Done(Err(error)) if !was_broken && Fault::of(&error) == Some(Fault::Connection) => {
                    was_broken = true;
                    lease.broke();
                    self.doubt.raise();
                }
                Ended::Done(Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))) if !was_broken => {
                    was_broken = true;
                }
                Ended::Done(result) => return result,
                Ended::TooLong => self.scope.is_long.store(true, Ordering::Relaxed),
            }
        }
    }
}

impl Queries for Reader {
    fn rows_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbErr>> {
        Box::pin(self.run(statement, |door, statement, scope| Box::pin(door.rows(statement, scope))))
    }

    fn row_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Option<Row>, DbErr>> {
        Box::pin(self.run(statement, |door, statement, scope| Box::pin(door.row(statement, scope))))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(statement, |door, statement, _| Box::pin(door.execute(statement))).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.backend, sql);
        self.run(statement, |door, statement, _| Box::pin(async move { door.execute_unprepared(&statement.sql).await }))
            .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(Row::results(self.row_raw(statement).await?.into_iter().collect())?.pop())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Row::results(self.rows_raw(statement).await?)
    }
}
