//! New ids.
//!
//! Each company counts the ids of each of its tables by itself, in a row of `company_counter`, so that ids say nothing
//! of other companies. An id is a random step above the one before it, so that the gap between two says little about what
//! lies between them. Events have one count for all companies, which is their place in the log and is never shown.

mod lease;
mod steps;

use lease::Leases;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, QueryFilter, QuerySelect, Statement};
pub use steps::Steps;

use super::Db;
use crate::entity::company;

/// A table of companies whose ids are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    Customer,
    User,
    NoteType,
    Note,
    Message,
    Token,
}

impl Table {
    /// The name of its row in `company_counter`.
    fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::User => "user",
            Self::NoteType => "note_type",
            Self::Note => "note",
            Self::Message => "message",
            Self::Token => "token",
        }
    }
}

/// No id is larger: JavaScript has no whole numbers above it.
const LARGEST: i64 = (1 << 53) - 1;
/// Ids that came from elsewhere and are larger move no counter. New ids never come near them: a table of a company takes
/// 57,000,000,000 of 78,000 on average to get here.
const LARGEST_RESERVED: i64 = 1 << 52;

/// Makes ids. Cheap to clone; all clones share what is leased.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    steps: Steps,
    leases: Leases,
}

impl Ids {
    /// For tests that compare ids.
    pub fn with(steps: Steps) -> Self {
        Self { steps, leases: Leases::default() }
    }

    /// `count` new ids, ascending and larger than every id of the table so far, in the transaction of what they are for.
    /// Others who make ids for this table of this company wait until it ends: where many do, take [`Self::next`].
    ///
    /// # Errors
    /// When the statement fails, or no ids are left.
    pub async fn claim(
        &self,
        connection: &impl ConnectionTrait,
        company_id: i64,
        table: Table,
        count: usize,
    ) -> Result<Vec<i64>, DbErr> {
        let steps = self.steps.take(count)?;
        let span = steps.iter().sum();
        let mut id = advance(connection, company_id, table, span).await? - span;
        let ids = steps.into_iter().map(|step| {
            id += step;
            id
        });
        Ok(ids.collect())
    }

    /// One id, as of [`Self::claim`].
    ///
    /// # Errors
    /// As of [`Self::claim`].
    pub async fn claim_one(
        &self,
        connection: &impl ConnectionTrait,
        company_id: i64,
        table: Table,
    ) -> Result<i64, DbErr> {
        let claimed = self.claim(connection, company_id, table, 1).await?.pop();
        claimed.ok_or_else(|| DbErr::RecordNotFound(table.name().to_owned()))
    }

    /// A new id, larger than every id that this process took for the table. Most come out of a block that the process
    /// holds, without asking the database; one that is not used is never given again. It may open a transaction: it has to
    /// be taken before that of the change, which would wait for it while it waits for the connection.
    ///
    /// # Errors
    /// When a statement fails, or no ids are left.
    pub async fn next(&self, db: &Db, company_id: i64, table: Table) -> Result<i64, DbErr> {
        let key = (company_id, table);
        let step = self.steps.next()?;
        if let Some(id) = self.leases.take(key, step) {
            return Ok(id);
        }
        let block = self.steps.block();
        let transaction = db.begin().await?.of_no_change();
        let end = advance(&transaction, company_id, table, block).await?;
        transaction.commit().await?;
        Ok(self.leases.put(key, end - block, end, step))
    }

    /// A new company's id: a random one, which says nothing about how many there are.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn new_company(&self, connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
        if self.steps == Steps::Dense {
            let largest: Option<Option<i64>> = company::Entity::find()
                .select_only()
                .column_as(company::Column::Id.max(), "largest")
                .into_tuple()
                .one(connection)
                .await?;
            return Ok(largest.flatten().unwrap_or_default() + 1);
        }
        loop {
            let id = steps::random_company()?;
            if company::Entity::find().filter(company::Column::Id.eq(id)).one(connection).await?.is_none() {
                return Ok(id);
            }
        }
    }
}

/// Moves the counter of a table by `span`, and gives where it is then.
async fn advance(connection: &impl ConnectionTrait, company_id: i64, table: Table, span: i64) -> Result<i64, DbErr> {
    let sql = "INSERT INTO company_counter (company_id, name, value) VALUES ($1, $2, $3) \
               ON CONFLICT (company_id, name) DO UPDATE SET value = company_counter.value + excluded.value \
               RETURNING value";
    let values: [sea_orm::Value; 3] = [company_id.into(), table.name().into(), span.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let row = connection.query_one_raw(statement).await?;
    let value = row.ok_or_else(|| DbErr::RecordNotFound(table.name().to_owned()))?.try_get_by_index(0)?;
    if value > LARGEST { Err(DbErr::Custom(format!("there are no {} ids left", table.name()))) } else { Ok(value) }
}

/// `count` ids that follow each other without gaps, for data that is the same in every run; in the transaction of what they
/// are for.
///
/// # Errors
/// When the statement fails, or no ids are left.
pub async fn dense_ids(
    connection: &impl ConnectionTrait,
    company_id: i64,
    table: Table,
    count: usize,
) -> Result<Vec<i64>, DbErr> {
    let span = i64::try_from(count).unwrap_or(i64::MAX);
    let last = advance(connection, company_id, table, span).await?;
    Ok((last - span + 1..=last).collect())
}

/// Moves new ids past `largest`, an id that came from elsewhere. Never moves back.
///
/// # Errors
/// When the statement fails.
pub async fn reserve(
    connection: &impl ConnectionTrait,
    company_id: i64,
    table: Table,
    largest: i64,
) -> Result<(), DbErr> {
    if largest > LARGEST_RESERVED {
        return Ok(());
    }
    let sql = "INSERT INTO company_counter (company_id, name, value) VALUES ($1, $2, $3) \
               ON CONFLICT (company_id, name) DO UPDATE SET value = excluded.value \
               WHERE company_counter.value < excluded.value";
    let values: [sea_orm::Value; 3] = [company_id.into(), table.name().into(), largest.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.execute_raw(statement).await.map(drop)
}

/// `count` ids for events, ascending: their place in the log.
///
/// # Errors
/// When the statement fails.
pub async fn event_ids(connection: &impl ConnectionTrait, count: usize) -> Result<Vec<i64>, DbErr> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let backend = connection.get_database_backend();
    if backend == DatabaseBackend::Postgres {
        let sql = "SELECT nextval('event_id') AS id FROM generate_series(1, $1)";
        let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [count.into()])).await?;
        return rows.iter().map(|row| row.try_get("", "id")).collect();
    }
    let sql = "UPDATE id_counter SET value = value + ? WHERE name = 'event_id' RETURNING value";
    let row = connection.query_one_raw(Statement::from_sql_and_values(backend, sql, [count.into()])).await?;
    let last: i64 = row.ok_or_else(|| DbErr::RecordNotFound("event_id".to_owned()))?.try_get("", "value")?;
    Ok((last - count + 1..=last).collect())
}
