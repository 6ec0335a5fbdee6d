//! Errors of commands, as one line for the operator.

use std::fmt::{Display, Formatter};

/// The result of a command.
pub type Outcome<T = ()> = Result<T, Failure>;

/// A message for the operator: what is wrong, and how to put it right. Any error converts to it, since only the person
/// who runs the command reads it.
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
