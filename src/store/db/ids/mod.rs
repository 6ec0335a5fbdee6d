//! Generation of ids.
//!
//! Each company has a separate counter for each of its tables, a row of `company_counter`, so that ids reveal nothing
//! about other companies. An id is a random step above the previous one, so that the gap between two ids says little
//! about how many lie between them. Events have a single counter for all companies: their position in the event log,
//! which is never shown. See [`event_ids`](super::event_ids).

mod company_table;
mod lease;
mod steps;

pub use company_table::{CompanyTable, CountedId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use lease::IdBlocks;
pub use steps::IdSpacing;

use super::Dialect;
use super::transaction::Transaction;
use crate::ids::CompanyId;
use crate::store::entity::company;

/// The largest id: JavaScript cannot represent larger integers exactly.
const LARGEST: i64 = (1 << 53) - 1;
/// Imported ids above this do not move the counter. New ids never come near it: with an average step of 78,000, a
/// company would need 57,000,000,000 rows in a table.
const LARGEST_RESERVED: i64 = 1 << 52;

/// Generates ids. Cheap to clone; clones share the leased blocks.
#[derive(Clone, Debug, Default)]
pub struct IdSequences {
    steps: IdSpacing,
    blocks: IdBlocks,
}

impl IdSequences {
    /// A generator with the given steps, for tests that compare ids.
    pub fn with(steps: IdSpacing) -> Self {
        Self { steps, blocks: IdBlocks::default() }
    }

    /// Returns `count` new ids, ascending and above all earlier ids of the table, within the caller's transaction.
    /// Others who create ids for this table of this company wait until it ends; use
    /// [`Db::next_id`](super::Db::next_id) if there are many of them.
    ///
    /// # Errors
    /// If the statement fails, or no ids are left.
    pub async fn allocate<I: CountedId>(
        &self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        count: usize,
    ) -> Result<Vec<I>, DbErr> {
        let steps = self.steps.take(count)?;
        let span = steps.iter().sum();
        let mut id = advance(connection, company_id, I::TABLE, span).await? - span;
        let ids = steps.into_iter().map(|step| {
            id += step;
            I::from(id)
        });
        Ok(ids.collect())
    }

    /// Returns one id, as [`Self::allocate`] does.
    ///
    /// # Errors
    /// As for [`Self::allocate`].
    pub async fn allocate_one<I: CountedId>(
        &self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
    ) -> Result<I, DbErr> {
        let allocated = self.allocate(connection, company_id, 1).await?.pop();
        allocated.ok_or_else(|| DbErr::RecordNotFound(I::TABLE.name().to_owned()))
    }

    /// Returns a new id, above all that this process took for the table. Most come from a leased block, without a
    /// query; otherwise the transaction `begin` leases a block. Unused ids are not given out again.
    ///
    /// # Errors
    /// If a statement fails, or no ids are left.
    pub(super) async fn next<I: CountedId>(
        &self,
        begin: impl Future<Output = Result<Transaction, DbErr>>,
        company_id: CompanyId,
    ) -> Result<I, DbErr> {
        let key = (company_id, I::TABLE);
        let step = self.steps.next()?;
        if let Some(id) = self.blocks.take(key, step) {
            return Ok(id.into());
        }
        let block = self.steps.block();
        let transaction = begin.await?.not_counted_as_change();
        let end = advance(&transaction, company_id, I::TABLE, block).await?;
        transaction.commit().await?;
        Ok(self.blocks.put(key, end - block, end, step).into())
    }

    /// Returns the id of a new company. It is random, so that it does not reveal how many there are.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn new_company(&self, connection: &impl ConnectionTrait) -> Result<CompanyId, DbErr> {
        if self.steps == IdSpacing::Dense {
            let largest: Option<Option<i64>> = company::Entity::find()
                .select_only()
                .column_as(company::Column::Id.max(), "largest")
                .into_tuple()
                .one(connection)
                .await?;
            return Ok(CompanyId(largest.flatten().unwrap_or_default() + 1));
        }
        loop {
            let id = CompanyId(steps::random_company()?);
            if company::Entity::find().filter(company::Column::Id.eq(id)).one(connection).await?.is_none() {
                return Ok(id);
            }
        }
    }
}

/// Advances the counter of a table by `span`, and returns its new value.
async fn advance(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    table: CompanyTable,
    span: i64,
) -> Result<i64, DbErr> {
    let sql = "INSERT INTO company_counter (company_id, name, value) VALUES ($1, $2, $3) \
               ON CONFLICT (company_id, name) DO UPDATE SET value = company_counter.value + excluded.value \
               RETURNING value";
    let values: [sea_orm::Value; 3] = [company_id.into(), table.name().into(), span.into()];
    let row = connection.query_one_raw(Dialect::of(connection).statement(sql, values)).await?;
    let value = row.ok_or_else(|| DbErr::RecordNotFound(table.name().to_owned()))?.try_get_by_index(0)?;
    if value > LARGEST { Err(DbErr::Custom(format!("there are no {} ids left", table.name()))) } else { Ok(value) }
}

/// Returns `count` consecutive ids, within the caller's transaction, for data that is the same in every run.
///
/// # Errors
/// If the statement fails, or no ids are left.
pub async fn allocate_dense<I: CountedId>(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    count: usize,
) -> Result<Vec<I>, DbErr> {
    let span = i64::try_from(count).unwrap_or(i64::MAX);
    let last = advance(connection, company_id, I::TABLE, span).await?;
    Ok((last - span + 1..=last).map(I::from).collect())
}

/// Advances the counter past `largest`, an imported id. Never moves it back.
///
/// # Errors
/// If the statement fails.
pub async fn reserve<I: CountedId>(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    largest: I,
) -> Result<(), DbErr> {
    let largest: i64 = largest.into();
    if largest > LARGEST_RESERVED {
        return Ok(());
    }
    let sql = "INSERT INTO company_counter (company_id, name, value) VALUES ($1, $2, $3) \
               ON CONFLICT (company_id, name) DO UPDATE SET value = excluded.value \
               WHERE company_counter.value < excluded.value";
    let values: [sea_orm::Value; 3] = [company_id.into(), I::TABLE.name().into(), largest.into()];
    connection.execute_raw(Dialect::of(connection).statement(sql, values)).await.map(drop)
}
