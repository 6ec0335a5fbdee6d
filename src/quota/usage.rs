use sea_orm::sea_query::{Expr, Value};
use sea_orm::{ConnectionTrait, DbErr, QueryFilter, QuerySelect, QueryTrait};

use super::limits::QuotaLimits;
use super::size::ROW;
use crate::ids::{CompanyId, NoteId};
use crate::store::AccessScope;
use crate::store::db::{Answer, Answers, Dialect, ReadBatch};
use crate::store::entity::message;

/// Number of rows that a company's usage is spread over. Writers that update the same row wait for each other until
/// they commit, so each picks a row at random, where several can write at the same time.
const STRIPES: u8 = 16;

/// The storage of a company, or what a change adds to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageUsage {
    pub notes: i64,
    /// Bytes of texts, and a fixed number for each row: see [`super::note_bytes`].
    pub bytes: i64,
}

impl StorageUsage {
    pub fn of_bytes(bytes: i64) -> Self {
        Self { notes: 0, bytes }
    }
}

impl std::ops::Add for StorageUsage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { notes: self.notes.saturating_add(other.notes), bytes: self.bytes.saturating_add(other.bytes) }
    }
}

impl std::ops::AddAssign for StorageUsage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Chooses a row of a company's usage.
fn stripe(dialect: Dialect) -> i32 {
    let mut stripe = [0];
    // Without randomness all writers take the same row and wait for each other, which is slow but correct.
    if dialect.has_concurrent_writers() && getrandom::fill(&mut stripe).is_err() {
        stripe = [0];
    }
    i32::from(stripe[0] % STRIPES)
}

/// Adds to the usage of a company. Call it in the transaction of the change that it counts.
///
/// # Errors
/// If the statement fails.
pub async fn add_usage(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    growth: StorageUsage,
) -> Result<(), DbErr> {
    if growth == StorageUsage::default() {
        return Ok(());
    }
    let dialect = Dialect::of(connection);
    let sql = "INSERT INTO company_usage (company_id, stripe, notes, bytes) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (company_id, stripe) DO UPDATE \
               SET notes = company_usage.notes + excluded.notes, bytes = company_usage.bytes + excluded.bytes";
    let values: [Value; 4] = [company_id.into(), stripe(dialect).into(), growth.notes.into(), growth.bytes.into()];
    connection.execute_raw(dialect.statement(sql, values)).await.map(drop)
}

/// Reads the usage of a company, and the limits that were set for it alone.
///
/// # Errors
/// If the statement fails.
pub async fn read_usage(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
) -> Result<(StorageUsage, QuotaLimits), DbErr> {
    let sql = "SELECT CAST(coalesce(sum(notes), 0) AS bigint), CAST(coalesce(sum(bytes), 0) AS bigint), \
               (SELECT notes FROM company_quota WHERE company_id = $1), \
               (SELECT bytes FROM company_quota WHERE company_id = $1) FROM company_usage WHERE company_id = $1";
    let row = connection.query_one_raw(Dialect::of(connection).statement(sql, [company_id.into()])).await?;
    let Some(row) = row else { return Ok(Default::default()) };
    let usage = StorageUsage { notes: row.try_get_by_index(0)?, bytes: row.try_get_by_index(1)? };
    Ok((usage, QuotaLimits { notes: row.try_get_by_index(2)?, bytes: row.try_get_by_index(3)? }))
}

/// Sets limits for one company; for each that is `None`, the server's default applies.
///
/// # Errors
/// If the statement fails.
pub async fn write_limits(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    limits: QuotaLimits,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO company_quota (company_id, notes, bytes) VALUES ($1, $2, $3) \
               ON CONFLICT (company_id) DO UPDATE SET notes = excluded.notes, bytes = excluded.bytes";
    let values: [Value; 3] = [company_id.into(), limits.notes.into(), limits.bytes.into()];
    connection.execute_raw(Dialect::of(connection).statement(sql, values)).await.map(drop)
}

/// Adds the read of the usage of the messages of those of the notes that the viewer sees, before these are deleted: see
/// [`messages_usage`].
pub fn ask_messages_usage(reads: &mut ReadBatch, access: AccessScope, notes: &[NoteId]) -> Answer {
    let note_id = (message::Entity, message::Column::NoteId);
    let of_notes = reads.dialect().one_of(note_id, notes.iter().copied());
    let texts = ["message", "attachment_url", "attachment_filename", "attachment_content_type", "source"];
    let texts = texts.map(|column| format!("coalesce(octet_length({column}), 0)")).join(" + ");
    let bytes = Expr::cust(format!("CAST(coalesce(sum({ROW} + {texts}), 0) AS bigint)"));
    reads.add(&access.messages().select_only().expr(bytes).filter(of_notes).into_query())
}

/// The usage that was asked for with [`ask_messages_usage`].
///
/// # Errors
/// If the answer has another type.
pub fn messages_usage(answers: &mut Answers, asked: Answer) -> Result<StorageUsage, DbErr> {
    let bytes = answers.take(asked).first().map_or(Ok(None), |row| row.value(0))?;
    Ok(StorageUsage::of_bytes(bytes.unwrap_or_default()))
}
