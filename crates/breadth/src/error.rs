//! Errors of fields.

use std::any::Any;
use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

/// The result of everything that can fail while an operation runs.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a field has no value. What an application fails with is turned into this, and so decides what clients learn of it.
#[derive(Clone, Debug)]
pub struct Error {
    /// The message for clients.
    pub message: String,
    /// `extensions.code`, for programs.
    pub code: Option<&'static str>,
    /// The cause, which stays on the server: [`ServerError::source`](crate::ServerError) of the answer.
    pub cause: Option<Arc<dyn Any + Send + Sync>>,
}

impl Error {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None, cause: None }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// An error that can be that of a row which is promised and not there.
pub trait Missing {
    /// The row of an object type that has a key.
    fn missing(object: &str, key: &dyn Debug) -> Self;
}

impl Missing for Error {
    fn missing(object: &str, key: &dyn Debug) -> Self {
        Self::new(format!("There is no {object} {key:?}."))
    }
}
