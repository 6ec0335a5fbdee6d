//! Why a command gave up, in one line for the operator.

use std::fmt::{Display, Formatter};

/// What a command comes to.
pub type Outcome<T = ()> = Result<T, Failure>;

/// A sentence for the operator: what was wrong, and what would be right. Any error can become one, as nobody but who
/// runs the command reads it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" "))
    }
}
