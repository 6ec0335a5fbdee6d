//! Decides what a database error means for an import.

use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::store::db::DbFault;

/// The reaction to a failed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A record cannot be stored, but the others can.
    Record,
    /// Another writer was faster; a retry may succeed.
    Again,
    /// A lock or a timeout; a retry may succeed, and if not, no record is to blame.
    Busy,
    /// Nothing can be stored any more.
    Fatal,
}

/// Why a batch failed, and what to do about it.
#[derive(Debug)]
pub struct Failed {
    pub error: DbErr,
    pub verdict: Verdict,
}

impl From<DbErr> for Failed {
    fn from(error: DbErr) -> Self {
        Self { verdict: judge(&error), error }
    }
}

impl Failed {
    pub fn fatal(error: DbErr) -> Self {
        Self { error, verdict: Verdict::Fatal }
    }
}

fn judge(error: &DbErr) -> Verdict {
    match DbFault::of(error) {
        Some(DbFault::Busy | DbFault::Slow) => return Verdict::Busy,
        Some(DbFault::Connection | DbFault::ReadOnly | DbFault::Full | DbFault::Damaged) => return Verdict::Fatal,
        None => {}
    }
    match error {
        // The note has changed between reading and writing.
        DbErr::RecordNotUpdated => Verdict::Again,
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => match &**cause {
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Verdict::Again,
            sqlx::Error::Database(_) | sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => Verdict::Record,
            _ => Verdict::Fatal,
        },
        _ => Verdict::Record,
    }
}
