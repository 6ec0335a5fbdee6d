//! What a failure of the database means for an import.

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// What to do about a failed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A record in it cannot be stored: the others can.
    Record,
    /// Somebody else was faster: the same again may go well.
    Again,
    /// Nothing can be stored at all.
    Fatal,
}

pub fn judge(error: &DbErr) -> Verdict {
    // A note that changed between reading and writing it.
    if matches!(error, DbErr::RecordNotUpdated) {
        return Verdict::Again;
    }
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return match error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Verdict::Fatal,
            _ => Verdict::Record,
        };
    };
    match &**cause {
        sqlx::Error::Database(refusal) => of_code(&refusal.code().unwrap_or_default(), refusal.is_unique_violation()),
        sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => Verdict::Record,
        _ => Verdict::Fatal,
    }
}

fn of_code(code: &str, unique: bool) -> Verdict {
    // PostgreSQL has five characters, SQLite a number whose low byte is the kind.
    if code.len() == 5 {
        return match &code[..2] {
            "40" | "55" => Verdict::Again,
            "08" | "25" | "28" | "3D" | "53" | "57" | "58" | "XX" => Verdict::Fatal,
            _ if unique => Verdict::Again,
            _ => Verdict::Record,
        };
    }
    match code.parse().unwrap_or(0) & 0xff {
        5 | 6 => Verdict::Again,
        8 | 10 | 11 | 13 | 14 | 26 => Verdict::Fatal,
        _ if unique => Verdict::Again,
        _ => Verdict::Record,
    }
}
