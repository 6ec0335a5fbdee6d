//! Errors of commands, as one line for the operator.

use std::fmt::{Display, Formatter};

/// The result of a command.
pub type CommandResult<T = ()> = Result<T, CommandError>;

/// A message for the operator: what is wrong, and how to put it right. Any error converts to it, since only the person
/// who runs the command reads it.
#[derive(Debug)]
pub struct CommandError(String);

impl CommandError {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl Display for CommandError {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self(error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" "))
    }
}
