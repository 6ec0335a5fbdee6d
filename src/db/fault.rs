use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// Why the database did not do what it was asked for, where the same question may be answered at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is broken, or leads to where nothing can be changed just now: another one may do.
    Connection,
    /// Others hold what is needed, or it took too long.
    Busy,
    /// There is no room left for what is to be stored.
    Full,
}

impl Fault {
    /// `None` where asking again would not help: the statement, or the program, is wrong.
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
        if error.try_downcast_ref::<PgDatabaseError>().is_some() {
            of_postgres(&code)
        } else {
            of_sqlite(code.parse().ok()?)
        }
    }
}

/// By the code of five characters, of which two name the class.
fn of_postgres(code: &str) -> Option<Fault> {
    match code {
        // disk_full
        "53100" => Some(Fault::Full),
        // The server stops or starts; it takes no changes, as the copy of another one, or as its operator wants.
        "57P01" | "57P02" | "57P03" | "57P05" | "25006" => Some(Fault::Connection),
        // A time limit for statements, or for locks; two that waited for each other; changes that crossed.
        "57014" | "55P03" | "40P01" | "40001" => Some(Fault::Busy),
        // Connections; the resources of the server; its system.
        _ if code.starts_with("08") => Some(Fault::Connection),
        _ if code.starts_with("53") || code.starts_with("58") => Some(Fault::Busy),
        _ => None,
    }
}

/// By the code, of which the lowest byte tells what it is about.
fn of_sqlite(code: i32) -> Option<Fault> {
    match code & 0xff {
        // FULL
        13 => Some(Fault::Full),
        // READONLY, IOERR, CANTOPEN: a file that was opened when it could not be written to stays so.
        8 | 10 | 14 => Some(Fault::Connection),
        // BUSY, LOCKED, NOMEM, INTERRUPT
        5 | 6 | 7 | 9 => Some(Fault::Busy),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_is_wrong() {
        for (code, expected) in [
            ("53100", Some(Fault::Full)),
            ("57P01", Some(Fault::Connection)),
            ("08006", Some(Fault::Connection)),
            ("25006", Some(Fault::Connection)),
            ("57014", Some(Fault::Busy)),
            ("53300", Some(Fault::Busy)),
            ("58030", Some(Fault::Busy)),
            ("23505", None),
            ("42P01", None),
            ("25P02", None),
        ] {
            assert_eq!(of_postgres(code), expected, "{code}");
        }
        // Also with what comes above the lowest byte: IOERR_WRITE, BUSY_SNAPSHOT, CONSTRAINT_UNIQUE.
        for (code, expected) in [
            (13, Some(Fault::Full)),
            (8, Some(Fault::Connection)),
            (778, Some(Fault::Connection)),
            (517, Some(Fault::Busy)),
            (9, Some(Fault::Busy)),
            (1, None),
            (11, None),
            (2067, None),
        ] {
            assert_eq!(of_sqlite(code), expected, "{code}");
        }
    }

    #[test]
    fn a_connection_that_cannot_be_had_is_a_fault() {
        let timed_out = DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout);
        assert_eq!(Fault::of(&timed_out), Some(Fault::Busy));
        let broken = |cause| DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(cause)));
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert_eq!(Fault::of(&broken(SqlxError::Io(reset))), Some(Fault::Connection));
        assert_eq!(Fault::of(&broken(SqlxError::RowNotFound)), None);
        assert_eq!(Fault::of(&DbErr::RecordNotFound(String::new())), None);
    }
}
