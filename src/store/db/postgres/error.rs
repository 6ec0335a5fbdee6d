//! Converts errors of the driver to those that the `SQLite` driver returns.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};
use tokio_postgres::error::{DbError, SqlState};

/// An error that `PostgreSQL` returned for a statement.
#[derive(Debug)]
pub struct PostgresError(DbError);

impl fmt::Display for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl StdError for PostgresError {}

impl DatabaseError for PostgresError {
    fn message(&self) -> &str {
        self.0.message()
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.0.code().code()))
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn is_transient_in_connect_phase(&self) -> bool {
        [SqlState::TOO_MANY_CONNECTIONS, SqlState::CANNOT_CONNECT_NOW].contains(self.0.code())
    }

    fn constraint(&self) -> Option<&str> {
        self.0.constraint()
    }

    fn table(&self) -> Option<&str> {
        self.0.table()
    }

    fn kind(&self) -> ErrorKind {
        match self.0.code().code() {
            "23505" => ErrorKind::UniqueViolation,
            "23503" => ErrorKind::ForeignKeyViolation,
            "23502" => ErrorKind::NotNullViolation,
            "23514" => ErrorKind::CheckViolation,
            "23P01" => ErrorKind::ExclusionViolation,
            _ => ErrorKind::Other,
        }
    }
}

/// The constraint that a change would have violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintViolation {
    /// A row with these values already exists.
    Unique,
    /// A referenced row does not exist.
    ForeignKey,
}

impl ConstraintViolation {
    /// Returns the violation; `None` for any other error.
    pub fn of(error: &DbErr) -> Option<Self> {
        // SeaORM classifies the errors of its own drivers.
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => return Some(Self::Unique),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => return Some(Self::ForeignKey),
            _ => {}
        }
        let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
            return None;
        };
        let SqlxError::Database(refusal) = &**cause else { return None };
        match refusal.kind() {
            ErrorKind::UniqueViolation => Some(Self::Unique),
            ErrorKind::ForeignKeyViolation => Some(Self::ForeignKey),
            _ => None,
        }
    }
}

/// Converts an error of the driver.
pub fn driver(error: tokio_postgres::Error) -> SqlxError {
    if let Some(refusal) = error.as_db_error() {
        return SqlxError::Database(Box::new(PostgresError(refusal.clone())));
    }
    if error.is_closed() {
        return closed();
    }
    let said = error.to_string();
    match error.into_source().map(<dyn StdError + Send + Sync>::downcast::<io::Error>) {
        Some(Ok(source)) => SqlxError::Io(io::Error::new(source.kind(), format!("{said}: {source}"))),
        Some(Err(source)) => {
            let told = format!("{said}: {source}").into();
            // Otherwise a value does not have the type of its column.
            if said.starts_with("error serializing") { SqlxError::Encode(told) } else { SqlxError::Decode(told) }
        }
        None => SqlxError::Protocol(said),
    }
}

/// Converts an error of opening a connection.
pub fn connecting(error: tokio_postgres::Error) -> SqlxError {
    match driver(error) {
        // The driver wraps errors of TLS and passwords like those of values.
        SqlxError::Decode(told) if told.to_string().contains("TLS") => SqlxError::Tls(told),
        SqlxError::Decode(told) => SqlxError::Configuration(told),
        other => other,
    }
}

pub fn closed() -> SqlxError {
    SqlxError::Io(io::Error::new(io::ErrorKind::ConnectionReset, "the connection is closed"))
}

/// Wraps the error of a statement that failed.
pub fn query(error: tokio_postgres::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(driver(error))))
}

/// Wraps the error of a connection that cannot be opened, or is broken.
pub fn broken(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

/// The error of a transaction that the server does not begin in time.
pub fn begin_timed_out() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("no answer to BEGIN in time".to_owned()))
}
