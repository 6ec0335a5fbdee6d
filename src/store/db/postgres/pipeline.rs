//! Statements that are sent one behind the other, and share a round trip.

use std::time::Duration;

use sea_orm::{DbErr, Statement};
use tokio::time::timeout;
use tokio_postgres::Statement as Prepared;

use super::error::begin_timed_out;
use super::sent::{Committing, Sent};
use super::session::{Rows, Session};

impl Session {
    /// Sends statements one behind the other, and returns their rows in order, to be read in order.
    ///
    /// # Errors
    /// If one cannot be prepared or sent.
    pub async fn send_all<'s>(&'s self, statements: &'s [Statement]) -> Result<Vec<Sent<'s, Rows<'s>>>, DbErr> {
        let prepared = self.prepare(statements).await?;
        self.send_prepared(statements, prepared).await
    }

    async fn send_prepared<'s>(
        &'s self,
        statements: &'s [Statement],
        prepared: Vec<Prepared>,
    ) -> Result<Vec<Sent<'s, Rows<'s>>>, DbErr> {
        let mut sent = Vec::with_capacity(statements.len());
        for (statement, prepared) in statements.iter().zip(prepared) {
            sent.push(Sent::send(self.rows_of(statement, Some(prepared))).await?);
        }
        Ok(sent)
    }

    /// Begins a transaction, and sends its first statements behind `BEGIN`. Returns their rows, to be read in order, once
    /// the transaction has begun.
    ///
    /// # Errors
    /// If a statement cannot be prepared or sent, or the transaction does not begin in time.
    pub async fn begin_with<'s>(
        &'s self,
        begin: &'s str,
        statements: &'s [Statement],
        longest: Duration,
    ) -> Result<Vec<Sent<'s, Rows<'s>>>, DbErr> {
        let prepared = timeout(longest, self.prepare(statements)).await.map_err(|_| begin_timed_out())??;
        let transaction = Sent::send(self.control(begin)).await?;
        let sent = self.send_prepared(statements, prepared).await?;
        timeout(longest, transaction.answer()).await.map_err(|_| begin_timed_out())??;
        Ok(sent)
    }

    /// Sends statements that write one behind the other. Their answers tell how many rows they affected.
    ///
    /// # Errors
    /// If one cannot be prepared or sent.
    pub async fn send_writes<'s>(&'s self, statements: &'s [Statement]) -> Result<Vec<Sent<'s, u64>>, DbErr> {
        let prepared = self.prepare(statements).await?;
        let mut sent = Vec::with_capacity(statements.len());
        for (statement, prepared) in statements.iter().zip(prepared) {
            sent.push(Sent::send(self.execute_of(statement, Some(prepared))).await?);
        }
        Ok(sent)
    }

    /// Sends statements that write, and `COMMIT` behind them. If one of them fails, the server rolls back and does not
    /// call that an error of `COMMIT`; so the first error of [`Committing::writes`] counts.
    ///
    /// # Errors
    /// If a statement cannot be prepared or sent; then `COMMIT` is not sent.
    pub async fn send_commit<'s>(&'s self, statements: &'s [Statement]) -> Result<Committing<'s>, DbErr> {
        let writes = self.send_writes(statements).await?;
        Ok(Committing::new(writes, Sent::send_last(self.control("COMMIT")).await))
    }
}
