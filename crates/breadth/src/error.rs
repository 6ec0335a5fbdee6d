//! Errors of fields.

use std::any::Any;
use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

/// The result of anything that can fail while an operation runs.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a field has no value. Applications convert their errors into this one, which determines what clients see.
#[derive(Clone, Debug)]
pub struct Error {
    /// The message for clients.
    pub message: String,
    /// The machine-readable `extensions.code`.
    pub code: Option<&'static str>,
    /// The cause, which stays on the server: [`ResponseError::cause`](crate::ResponseError::cause) in the response.
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

/// Implemented by errors that can stand for a required row that does not exist.
pub trait Missing {
    /// Makes the error for the missing row of object type `object` with this key.
    fn missing(object: &str, key: &dyn Debug) -> Self;
}

impl Missing for Error {
    fn missing(object: &str, key: &dyn Debug) -> Self {
        Self::new(format!("There is no {object} {key:?}."))
    }
}
