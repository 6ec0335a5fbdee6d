//! The command line, with one file per command in `command`.

mod command;
mod command_line;
mod database_file;
mod error;
mod expiry;
mod log;
mod lookup;
mod rejects;
pub mod settings;
mod terminal;

pub use command::migrate::{open, open_or_create};
pub use command::{backup, export, import, migrate};
pub use command_line::{command_line, run};
pub use error::{CommandError, CommandResult};
