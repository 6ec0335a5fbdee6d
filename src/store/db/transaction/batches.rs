//! Statements of a transaction that share a round trip: its first reads, and its last writes with the commit.

use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr, ExecResult, RuntimeErr, SqlxError, Statement};

use super::merged::merged;
use super::read_batch::{Answers, ReadBatch};
use super::transaction::Transaction;
use crate::store::db::fault::DbFault;
use crate::store::db::operation::run_to_end;
use crate::store::db::postgres::{Session, changed};
use crate::store::db::rows::Row;
use crate::store::db::statement::{DbExecutor, read_sent};

impl Transaction {
    /// Begins a transaction on `PostgreSQL`, and only there, on the connection that `self` was made with, and runs its
    /// first reads in the same round trip.
    ///
    /// # Errors
    /// If the server does not answer in time, or refuses. Then the connection may be inside the transaction, and is
    /// rolled back before its next use.
    pub(in crate::store::db) async fn begin_with(
        &self,
        reads: &[Statement],
        longest: Duration,
    ) -> Result<Vec<Vec<Row>>, DbErr> {
        let DbExecutor::Postgres(session) = self.executor() else { unreachable!("the others begin before they read") };
        let meter = &self.hold.context.meter;
        let work = async { read_sent(session.begin_with("BEGIN", reads, longest).await?, meter).await };
        let rows = self.run_now(work).await;
        self.count_more(reads.len());
        rows
    }

    /// Runs reads.
    ///
    /// # Errors
    /// If one of them fails, or the operation is stopped.
    pub async fn read(&self, reads: ReadBatch) -> Result<Answers, DbErr> {
        let statements = reads.into_statements();
        if statements.is_empty() {
            return Ok(Answers::new(Vec::new()));
        }
        // Boxed, since the futures of mutations contain this one.
        let rows = Box::pin(self.run(self.executor().rows_of_all(&statements, &self.hold.context.meter))).await;
        self.count_more(statements.len());
        Ok(Answers::new(rows?))
    }

    /// A batch for reads.
    pub fn reads(&self) -> ReadBatch {
        ReadBatch::new(self.get_database_backend())
    }

    /// Runs a statement with the commit, where that saves a round trip, or at once.
    ///
    /// # Errors
    /// If it runs at once and fails.
    pub(in crate::store::db) async fn execute_by_commit(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self.executor() {
            DbExecutor::Postgres(_) if self.savepoint == 0 => {
                self.waiting().push(statement);
                changed(0)
            }
            _ => self.execute_raw(statement).await,
        }
    }

    pub(super) fn waiting(&self) -> MutexGuard<'_, Vec<Statement>> {
        self.hold.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the writes that wait for the commit, since a statement after them does not.
    pub(super) async fn flush(&self) -> Result<(), DbErr> {
        let writes = merged(take(&mut *self.waiting()));
        if writes.is_empty() {
            return Ok(());
        }
        self.count_more(writes.len());
        self.run_now(self.executor().execute_all(writes)).await
    }

    /// Sends the writes that wait, and the commit with them.
    pub(super) async fn commit_writes(&self, session: &Session, writes: &[Statement]) -> Result<(), DbErr> {
        let context = &self.hold.context;
        let is_sent = AtomicBool::new(false);
        let work = async {
            let committing = session.send_commit(writes).await?;
            is_sent.store(true, Ordering::Relaxed);
            let (refusal, commit) = committing.writes().await;
            Ok((refusal, commit.answer().await))
        };
        let written = run_to_end(context, &self.hold.connection, work).await;
        self.count_more(writes.len());
        // The operation's limits may have cancelled what failed.
        let stopped = |error: DbErr| context.meter.check().err().unwrap_or(error);
        let (refusal, result) = match written {
            Ok(written) => written,
            // The connection is rolled back before its next use, if the commit has not arrived.
            Err(error) if is_sent.into_inner() => {
                self.in_doubt();
                return Err(error);
            }
            Err(error) => return Err(stopped(error)),
        };
        self.ended();
        match (refusal, result) {
            // The server has told which write it refused, so the commit was none.
            (Some(error), _) if is_refusal(&error) => Err(stopped(error)),
            // The connection broke on the way.
            (Some(error), _) => {
                self.in_doubt();
                Err(error)
            }
            (None, Ok(())) => {
                self.has_changed();
                Ok(())
            }
            (None, Err(error)) if DbFault::of(&error) == Some(DbFault::Connection) => {
                self.in_doubt();
                Err(error)
            }
            (None, Err(error)) => Err(stopped(error)),
        }
    }

    pub(super) fn has_changed(&self) {
        self.hold.context.committed.notify_waiters();
        if self.is_change {
            self.hold.context.meter.changed();
        }
    }

    /// Counts a commit that may have arrived, although its answer has not.
    pub(super) fn in_doubt(&self) {
        if self.is_change {
            self.hold.context.meter.count_uncertain_change();
        }
    }

    /// Counts all but one of so many statements that ran together: that one was counted.
    fn count_more(&self, statements: usize) {
        for _ in 1..statements {
            self.hold.context.meter.statement();
        }
    }
}

/// Whether the server has answered with this error. A pooler answers with one of class 08 (`PostgreSQL`, appendix A) if it
/// has lost the server, which may have got the commit.
fn is_refusal(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    let SqlxError::Database(refused) = &**cause else { return false };
    !refused.code().is_some_and(|code| code.starts_with("08"))
}
