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

/// The longest that a read may take on a reserved connection. One that takes longer is cancelled, and begun anew when it is
/// the turn of its token.
const BRIEF: Duration = Duration::from_millis(100);

/// Where is read from: each statement on whichever connection it is given.
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

    /// Waits for a turn where a statement of this owner needs one from its beginning.
    async fn first_turn(&self) -> Option<LongTurn> {
        let turns = self.pool.turns().filter(|_| self.scope.is_metered())?;
        if !turns.free(self.scope.owner).is_zero() {
            return None;
        }
        Some(turns.first(self.scope.owner, || self.scope.check().is_ok()).await)
    }

    /// A place among the few statements of one operation that wait for turns and run at the same time.
    async fn place(&self, need: Need) -> Option<SemaphorePermit<'_>> {
        if need == Need::NestedRead || !self.scope.is_metered() {
            return None;
        }
        // It is never closed.
        self.scope.places.acquire().await.ok()
    }

    /// A connection for a statement. Those of one operation that run at the same time share one on `PostgreSQL`: each is sent
    /// before the answer to the one before it came, and none of them waits for another connection.
    async fn lease(&self, need: Need) -> Result<Arc<Lease>, DbErr> {
        let take = async || self.pool.take(self.scope.owner, need).await.map(Arc::new);
        if need == Need::NestedRead || !self.scope.is_metered() {
            return take().await;
        }
        let take = async || {
            // Those that wait behind one that waited in vain do not wait as long again.
            if self.scope.refused.is_recent() {
                return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
            }
            take().await.inspect_err(|_| self.scope.refused.note())
        };
        if self.backend != DatabaseBackend::Postgres {
            return take().await;
        }
        // Those who come while the first one waits for it wait here.
        let mut shared = self.scope.shared.lock().await;
        self.scope.check()?;
        if let Some(lease) = shared.upgrade().filter(|lease| lease.may_be_shared()) {
            return Ok(lease);
        }
        let lease = take().await?;
        // One that is reserved is for a moment only.
        if !lease.is_reserved() {
            *shared = Arc::downgrade(&lease);
        }
        Ok(lease)
    }

    /// Runs one statement; anew where it turns out to be one that takes long, and where its connection was broken.
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
                // Nothing is left there of a statement that was given up.
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
                // Connections break while they rest, and who first reads on one finds out.
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
