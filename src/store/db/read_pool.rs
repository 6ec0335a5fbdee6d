use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::prelude::async_trait;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseBackend, DbErr, ExecResult, QueryResult, Statement};

use tokio::sync::SemaphorePermit;

use super::connection_epoch::ConnectionEpoch;
use super::fault::DbFault;
use super::operation::{Ended, StatementContext, run};
use super::pool::{Pool, PooledConnection};
use super::rows::{Row, RowQueries};
use super::statement::{DbExecutor, StatementMeter};
use crate::scheduling::{CpuSlice, WorkClass};

/// Maximum time of a read on a reserved connection. A longer one is cancelled, and run again on an ordinary connection.
const BRIEF: Duration = Duration::from_millis(100);

/// Runs statements that read, each on any connection of the pool.
#[derive(Clone, Debug)]
pub struct ReadPool {
    pool: Pool,
    backend: DatabaseBackend,
    context: Arc<StatementContext>,
    epoch: ConnectionEpoch,
}

impl ReadPool {
    pub(super) fn new(
        pool: Pool,
        backend: DatabaseBackend,
        context: Arc<StatementContext>,
        epoch: ConnectionEpoch,
    ) -> Self {
        Self { pool, backend, context, epoch }
    }

    pub(super) fn for_operation(&self, context: Arc<StatementContext>) -> Self {
        Self { context, ..self.clone() }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn pool_mut(&mut self) -> &mut Pool {
        &mut self.pool
    }

    fn class(&self) -> WorkClass {
        if self.context.transactions.load(Ordering::Relaxed) > 0 {
            WorkClass::NestedRead
        } else if self.context.is_long.load(Ordering::Relaxed) {
            WorkClass::LongRead
        } else {
            WorkClass::Read
        }
    }

    /// Waits for a permit, if a statement of this principal needs one from the start.
    async fn first_turn(&self) -> Option<CpuSlice> {
        let turns = self.pool.turns().filter(|_| self.context.meter.is_metered())?;
        if !turns.free(self.context.principal).is_zero() {
            return None;
        }
        Some(turns.acquire_first(self.context.principal, || self.context.meter.check().is_ok()).await)
    }

    /// Waits for one of the few places that the reads of one operation share, if this read needs one.
    async fn place(&self, class: WorkClass) -> Option<SemaphorePermit<'_>> {
        if class == WorkClass::NestedRead || !self.context.meter.is_metered() {
            return None;
        }
        // The semaphore is never closed.
        self.context.places.acquire().await.ok()
    }

    /// Takes a connection for a statement. On `PostgreSQL`, concurrent reads of one operation share a connection and
    /// are pipelined, so that only the first of them waits for one.
    async fn connection(&self, class: WorkClass) -> Result<Arc<PooledConnection>, DbErr> {
        let take = async || self.pool.take(self.context.principal, class).await.map(Arc::new);
        if class == WorkClass::NestedRead || !self.context.meter.is_metered() {
            return take().await;
        }
        let take = async || {
            // Reads queued behind one that timed out do not wait as long again.
            if self.context.refused.is_recent() {
                return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
            }
            take().await.inspect_err(|_| self.context.refused.note())
        };
        if self.backend != DatabaseBackend::Postgres {
            return take().await;
        }
        // Concurrent reads wait here while the first one waits for its connection.
        let mut shared = self.context.shared.lock().await;
        self.context.meter.check()?;
        if let Some(connection) = shared.upgrade().filter(|connection| connection.may_be_shared()) {
            return Ok(connection);
        }
        let connection = take().await?;
        // A reserved connection is for one short statement, and is not shared.
        if !connection.is_reserved() {
            *shared = Arc::downgrade(&connection);
        }
        Ok(connection)
    }

    /// Runs one statement. Runs it again if it takes too long for a reserved connection, or if its connection was
    /// broken.
    async fn run<T>(
        &self,
        statement: Statement,
        run_on: impl for<'a> Fn(&'a DbExecutor, Statement, &'a StatementMeter) -> BoxFuture<'a, Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let mut was_broken = false;
        loop {
            self.context.meter.check()?;
            let _place = self.place(self.class()).await;
            self.context.meter.check()?;
            let turn = self.first_turn().await;
            let class = self.class();
            let connection = self.connection(class).await?;
            if let Some(limit) = connection.limit() {
                // A cancelled statement may have left its permit.
                limit.end();
                if let Some(turn) = turn {
                    limit.adopt(turn);
                }
            }
            let longest = (connection.is_reserved() && class == WorkClass::Read).then_some(BRIEF);
            let work = async {
                let executor = connection.executor().await?;
                run_on(&executor, statement.clone(), &self.context.meter).await
            };
            match run(&self.context, &connection, longest, work).await {
                // Idle connections break unnoticed; the first read on one finds out.
                Ended::Done(Err(error)) if !was_broken && DbFault::of(&error) == Some(DbFault::Connection) => {
                    was_broken = true;
                    connection.broke();
                    self.epoch.advance();
                }
                Ended::Done(Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))) if !was_broken => {
                    was_broken = true;
                }
                Ended::Done(result) => return result,
                Ended::TooLong => self.context.is_long.store(true, Ordering::Relaxed),
            }
        }
    }
}

impl RowQueries for ReadPool {
    fn rows_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbErr>> {
        Box::pin(self.run(statement, |executor, statement, meter| Box::pin(executor.rows(statement, meter))))
    }

    fn row_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Option<Row>, DbErr>> {
        Box::pin(self.run(statement, |executor, statement, meter| Box::pin(executor.row(statement, meter))))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for ReadPool {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(statement, |executor, statement, _| Box::pin(executor.execute(statement))).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.backend, sql);
        self.run(statement, |executor, statement, _| {
            Box::pin(async move { executor.execute_unprepared(&statement.sql).await })
        })
        .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(Row::results(self.row_raw(statement).await?.into_iter().collect())?.pop())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Row::results(self.rows_raw(statement).await?)
    }
}
