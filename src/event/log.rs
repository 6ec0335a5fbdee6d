use sea_orm::{ConnectionTrait, DbErr};

use super::position::Position;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::store::db::{Db, Dialect, RowQueries};

/// The event log as a whole: its generation, and how far it is complete.
pub struct EventLog<'d>(pub &'d Db);

/// The state of the event log, for one company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogState {
    /// A random number that the cursors of this log hold.
    pub generation: i64,
    /// The key that hides positions.
    pub secret: String,
    /// Events from here on may still be preceded by events of transactions that are running.
    pub horizon: Position,
    /// The last event that was removed.
    pub floor: Option<Position>,
}

impl EventLog<'_> {
    /// Reads the state of the log. All events before its horizon are seen by any later statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn state(&self, company_id: CompanyId) -> Result<LogState> {
        let dialect = self.0.dialect();
        let [transaction, id] = dialect.event_horizon();
        let sql = format!(
            "SELECT l.generation, l.secret, {transaction}, {id}, f.transaction_id, f.id, l.identity, {} \
             FROM event_log AS l LEFT JOIN event_floor AS f ON f.company_id = $1 WHERE l.id = 1",
            dialect.database_identity()
        );
        let rows = self.0.read().rows_raw(dialect.statement(sql, [company_id.into()])).await?;
        let row = rows.first().ok_or_else(|| Error::missing("event_log", 1))?;
        let floor = match (row.get(4)?, row.get(5)?) {
            (Some(transaction), Some(id)) => Some(Position { transaction, id }),
            _ => None,
        };
        let [known, current] = [row.get::<Option<String>>(6)?, row.get::<Option<String>>(7)?];
        let mut generation = row.get(0)?;
        if known.is_some() && current.is_some() && known != current {
            // A replica was promoted, and may lack events that the former primary had.
            generation = self.renew(current.as_deref()).await?;
        }
        Ok(LogState {
            generation,
            secret: row.get(1)?,
            horizon: Position { transaction: row.get(2)?, id: row.get(3)? },
            floor,
        })
    }

    /// Reads the position of the last event of a company that was removed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn floor(&self, company_id: CompanyId) -> Result<Option<Position>> {
        let sql = "SELECT transaction_id, id FROM event_floor WHERE company_id = $1";
        let row = self.0.read().row_raw(self.0.dialect().statement(sql, [company_id.into()])).await?;
        row.map(|row| Ok(Position { transaction: row.get(0)?, id: row.get(1)? })).transpose()
    }

    /// Raises the position of the last event of a company that was removed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn raise_floor(
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        floor: Position,
    ) -> Result<(), DbErr> {
        let sql = "INSERT INTO event_floor (company_id, transaction_id, id) VALUES ($1, $2, $3) \
             ON CONFLICT (company_id) DO UPDATE SET transaction_id = excluded.transaction_id, id = excluded.id \
             WHERE (event_floor.transaction_id, event_floor.id) < (excluded.transaction_id, excluded.id)";
        let values = [company_id.into(), floor.transaction.into(), floor.id.into()];
        connection.execute_raw(Dialect::of(connection).statement(sql, values)).await.map(drop)
    }

    /// Gives the log a new generation if this is another database than that of its generation: a restored or a copied
    /// one. `file` identifies a database that is a file. Called before the first request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self, file: Option<String>) -> Result<()> {
        let dialect = self.0.dialect();
        let sql = format!("SELECT identity, {} FROM event_log WHERE id = 1", dialect.database_identity());
        let rows = self.0.read().rows_raw(dialect.statement(sql, [])).await?;
        let row = rows.first().ok_or_else(|| Error::missing("event_log", 1))?;
        let known: Option<String> = row.get(0)?;
        let current = row.get::<Option<String>>(1)?.or(file);
        if current.is_some() && known != current {
            self.renew(current.as_deref()).await?;
        }
        Ok(())
    }

    /// Sets the identity and a new generation, unless another server has done so. Returns the generation.
    async fn renew(&self, identity: Option<&str>) -> Result<i64> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let dialect = self.0.dialect();
        let transaction = self.0.begin_without_timeout().await?;
        let sql = "UPDATE event_log SET generation = $2, identity = $1 \
             WHERE id = 1 AND (identity IS NULL OR identity <> $1) RETURNING generation";
        let values = [identity.map(str::to_owned).into(), (i64::from_be_bytes(random) >> 1).into()];
        let renewed = transaction.query_one_raw(dialect.statement(sql, values)).await?;
        if renewed.is_some()
            && let Some(next) = dialect.next_transaction()
        {
            forget_foreign_transactions(&transaction, next).await?;
        }
        let sql = "SELECT generation FROM event_log WHERE id = 1";
        let row = transaction.query_one_raw(dialect.statement(sql, [])).await?;
        let generation = row.ok_or_else(|| Error::missing("event_log", 1))?.try_get("", "generation")?;
        transaction.commit().await?;
        if renewed.is_some() {
            tracing::info!("the event log has a new generation; cursors of the former one have expired");
        }
        Ok(generation)
    }
}

/// Events that were restored from another server have the numbers of its transactions, which say nothing here. If any is
/// not below those of this server, all of them are put at the beginning, in the order of their ids.
async fn forget_foreign_transactions(connection: &impl ConnectionTrait, next: &str) -> Result<(), DbErr> {
    let dialect = Dialect::of(connection);
    let sql = format!(
        "UPDATE event SET transaction_id = 0 WHERE transaction_id > 0 \
         AND EXISTS (SELECT 1 FROM event WHERE transaction_id >= {next})"
    );
    let result = connection.execute_raw(dialect.statement(sql, [])).await?;
    let sql = "UPDATE event_floor SET transaction_id = 0, id = 0 WHERE transaction_id > 0";
    if result.rows_affected() > 0 {
        connection.execute_raw(dialect.statement(sql, [])).await?;
    }
    Ok(())
}
