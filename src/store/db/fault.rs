use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

use super::postgres::PostgresError;

/// Why a statement failed, if neither it nor the program is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbFault {
    /// The connection is broken, or its file cannot be read or written; another connection may work.
    Connection,
    /// The database is read-only now, or was when the connection was opened.
    ReadOnly,
    /// Others hold what the statement needs.
    Busy,
    /// The statement timed out.
    Slow,
    /// No space is left for the data, or for what a statement needs while it runs.
    Full,
    /// The stored data is damaged; only the operator can help.
    Damaged,
}

impl DbFault {
    /// Classifies an error; `None` if the statement or the program is wrong.
    pub fn of(error: &DbErr) -> Option<Self> {
        match error {
            DbErr::ConnectionAcquire(_) => Some(Self::Busy),
            DbErr::Conn(RuntimeErr::SqlxError(cause)) => Some(Self::of_driver(cause).unwrap_or(Self::Connection)),
            DbErr::Conn(_) => Some(Self::Connection),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                Self::of_driver(cause)
            }
            _ => None,
        }
    }

    fn of_driver(error: &SqlxError) -> Option<Self> {
        match error {
            SqlxError::Database(error) => Self::of_database(&**error),
            SqlxError::PoolTimedOut => Some(Self::Busy),
            // The last two: the connection is inside a transaction that nobody began, or outside one that somebody did.
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed
            | SqlxError::InvalidSavePointStatement
            | SqlxError::BeginFailed => Some(Self::Connection),
            _ => None,
        }
    }

    fn of_database(error: &dyn DatabaseError) -> Option<Self> {
        let code = error.code()?;
        if error.try_downcast_ref::<PostgresError>().is_some() {
            of_postgres(&code)
        } else {
            of_sqlite(code.parse().ok()?)
        }
    }
}

/// Classifies an `SQLSTATE`: five characters, of which two name the class.
fn of_postgres(code: &str) -> Option<DbFault> {
    match code {
        // disk_full
        "53100" => Some(DbFault::Full),
        // The server stops or starts.
        "57P01" | "57P02" | "57P03" | "57P05" => Some(DbFault::Connection),
        // The server is a replica, or its operator made it read-only.
        "25006" => Some(DbFault::ReadOnly),
        // Statement timeout.
        "57014" => Some(DbFault::Slow),
        // Lock timeout; deadlock; serialization failure.
        "55P03" | "40P01" | "40001" => Some(DbFault::Busy),
        // Classes: connections; resources of the server; its operating system.
        _ if code.starts_with("08") => Some(DbFault::Connection),
        _ if code.starts_with("53") || code.starts_with("58") => Some(DbFault::Busy),
        _ if code.starts_with("XX") => Some(DbFault::Damaged),
        _ => None,
    }
}

/// Classifies a result code, whose lowest byte is the primary one.
fn of_sqlite(code: i32) -> Option<DbFault> {
    match code & 0xff {
        // FULL
        13 => Some(DbFault::Full),
        // READONLY, IOERR, CANTOPEN: a file that was opened read-only stays read-only.
        8 | 10 | 14 => Some(DbFault::Connection),
        // BUSY, LOCKED, NOMEM
        5..=7 => Some(DbFault::Busy),
        // INTERRUPT: by the time limit.
        9 => Some(DbFault::Slow),
        // CORRUPT, NOTADB
        11 | 26 => Some(DbFault::Damaged),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_faults_are_distinguished_from_errors() {
        for (code, expected) in [
            ("53100", Some(DbFault::Full)),
            ("57P01", Some(DbFault::Connection)),
            ("08006", Some(DbFault::Connection)),
            ("25006", Some(DbFault::ReadOnly)),
            ("57014", Some(DbFault::Slow)),
            ("40P01", Some(DbFault::Busy)),
            ("XX001", Some(DbFault::Damaged)),
            ("53300", Some(DbFault::Busy)),
            ("58030", Some(DbFault::Busy)),
            ("23505", None),
            ("42P01", None),
            ("25P02", None),
        ] {
            assert_eq!(of_postgres(code), expected, "{code}");
        }
        // Extended codes have bits above the lowest byte: IOERR_WRITE, BUSY_SNAPSHOT, CONSTRAINT_UNIQUE.
        for (code, expected) in [
            (13, Some(DbFault::Full)),
            (8, Some(DbFault::Connection)),
            (778, Some(DbFault::Connection)),
            (517, Some(DbFault::Busy)),
            (7, Some(DbFault::Busy)),
            (9, Some(DbFault::Slow)),
            (11, Some(DbFault::Damaged)),
            (1, None),
            (2067, None),
        ] {
            assert_eq!(of_sqlite(code), expected, "{code}");
        }
    }

    #[test]
    fn an_unavailable_connection_is_a_fault() {
        let timed_out = DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout);
        assert_eq!(DbFault::of(&timed_out), Some(DbFault::Busy));
        let broken = |cause| DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(cause)));
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert_eq!(DbFault::of(&broken(SqlxError::Io(reset))), Some(DbFault::Connection));
        assert_eq!(DbFault::of(&broken(SqlxError::RowNotFound)), None);
        assert_eq!(DbFault::of(&DbErr::RecordNotFound(String::new())), None);
    }
}
