//! What a failure of the database means for an import.

use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::db::Fault;

/// What to do about a failed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A record in it cannot be stored: the others can.
    Record,
    /// Somebody else was faster: the same again may go well.
    Again,
    /// Others hold what is needed, or it took too long: the same again may go well, and if not, then no record is to
    /// blame.
    Busy,
    /// Nothing can be stored at all.
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
    match Fault::of(error) {
        Some(Fault::Busy | Fault::Slow) => return Verdict::Busy,
        Some(Fault::Connection | Fault::ReadOnly | Fault::Full | Fault::Damaged) => return Verdict::Fatal,
        None => {}
    }
    match error {
        // A note that changed between reading and writing it.
        DbErr::RecordNotUpdated => Verdict::Again,
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => match &**cause {
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Verdict::Again,
            sqlx::Error::Database(_) | sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => Verdict::Record,
            _ => Verdict::Fatal,
        },
        _ => Verdict::Record,
    }
}
