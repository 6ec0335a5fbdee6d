//! Errors of operations, and their conversion into GraphQL errors.
//!
//! [`Error`] has no `Display`, so that no text of a database or a library can reach a client through `?`. Here it is
//! converted into a GraphQL error, with a code for programs and a message for people. Errors that the user can fix are
//! not of this type but a [`UserError`](crate::graphql::user_errors::UserError).

use std::fmt::Debug;
use std::sync::Arc;

use sea_orm::DbErr;

use crate::meter::LimitExceeded;
use crate::store::db::{Cancellation, DbFault};
use crate::store::entity::token::Scope;

/// The result of everything that can fail while an operation runs.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of an operation; it becomes a top-level error.
#[derive(Clone, Debug)]
pub enum Error {
    /// The token does not have the scope.
    Forbidden(Scope),
    /// An argument that no correct client sends. The message says what is wrong and what would be right.
    Invalid(String),
    /// A cursor that does not belong to this list.
    BadCursor(String),
    /// A cursor of another event log, or one behind which events have been removed.
    CursorExpired(String),
    /// The operation has used more than it may.
    LimitExceeded(LimitExceeded),
    /// The database or this program failed. The client learns nothing more.
    Internal(Arc<dyn std::error::Error + Send + Sync>),
    /// The database is unreachable, has no free connection, or took too long; a later retry may succeed.
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
    /// The database has no room left, either for a change, which was not made, or for computing a result.
    StorageFull(Arc<dyn std::error::Error + Send + Sync>),
}

/// The cause of a server or database error, kept for the log and never sent to clients.
pub struct Cause(pub Arc<dyn std::error::Error + Send + Sync>);

fn fault(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<DbFault> {
    cause.downcast_ref::<DbErr>().and_then(DbFault::of)
}

impl Cause {
    /// The kind of database fault, if it is one.
    pub fn fault(&self) -> Option<DbFault> {
        fault(&*self.0)
    }
}

impl Error {
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Arc::new(cause))
    }

    /// A record is missing although a foreign key refers to it.
    pub fn missing(record: &str, id: impl Debug) -> Self {
        Self::internal(DbErr::RecordNotFound(format!("{record} {id:?}")))
    }

    /// Whether a database connection has failed, so that others may have failed, too.
    pub fn is_of_connection(&self) -> bool {
        matches!(self, Self::Unavailable(cause) if fault(&**cause) == Some(DbFault::Connection))
    }

    /// `extensions.code` of the error that clients see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(_) => "FORBIDDEN",
            Self::Invalid(_) => "INVALID",
            Self::BadCursor(_) => "BAD_CURSOR",
            Self::CursorExpired(_) => "CURSOR_EXPIRED",
            Self::LimitExceeded(limit) => limit.code(),
            Self::Internal(_) => "INTERNAL",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::StorageFull(_) => "STORAGE_FULL",
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match Cancellation::of(&error) {
            Some(Cancellation::LimitExceeded(limit)) => return limit.clone().into(),
            Some(abandoned @ Cancellation::Abandoned) => return Self::Unavailable(Arc::new(abandoned.clone())),
            None => {}
        }
        match DbFault::of(&error) {
            Some(DbFault::Connection | DbFault::ReadOnly | DbFault::Busy | DbFault::Slow) => {
                Self::Unavailable(Arc::new(error))
            }
            Some(DbFault::Full) => Self::StorageFull(Arc::new(error)),
            Some(DbFault::Damaged) | None => Self::internal(error),
        }
    }
}

impl From<LimitExceeded> for Error {
    fn from(limit: LimitExceeded) -> Self {
        Self::LimitExceeded(limit)
    }
}

/// Work on another thread has panicked, or the runtime is shutting down.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

impl breadth::Missing for Error {
    fn missing(object: &str, key: &dyn Debug) -> Self {
        Self::missing(object, key)
    }
}

impl From<Error> for breadth::Error {
    fn from(error: Error) -> Self {
        let code = error.code();
        let (message, cause) = match error {
            Error::Forbidden(scope) => {
                let scope = format!("{scope:?}").to_uppercase();
                (format!("This token does not have the scope {scope}."), None)
            }
            Error::Invalid(message)
            | Error::BadCursor(message)
            | Error::CursorExpired(message)
            | Error::LimitExceeded(LimitExceeded::TooComplex(message) | LimitExceeded::RateLimited(message)) => {
                (message, None)
            }
            Error::LimitExceeded(LimitExceeded::MemoryInUse) => {
                ("The server has reached its memory limit for all operations; try again.".to_owned(), None)
            }
            Error::Internal(cause) => {
                ("The server failed. Its log has the reason under this request ID.".to_owned(), Some(cause))
            }
            Error::Unavailable(cause) => {
                let message = match fault(&*cause) {
                    Some(DbFault::Slow) => {
                        "The database did not finish within the time limit; request less, or try again."
                    }
                    _ => "The database is not available; try again.",
                };
                (message.to_owned(), Some(cause))
            }
            Error::StorageFull(cause) => ("The database has no storage space left.".to_owned(), Some(cause)),
        };
        Self { message, code: Some(code), cause: cause.map(|cause| Arc::new(Cause(cause)) as _) }
    }
}
