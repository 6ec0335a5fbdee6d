//! `notegraph schema`

use std::io::Write;

use crate::cli::CommandResult;

pub fn run() -> CommandResult {
    // Not `print!`, which panics if the reader has closed the pipe, as `notegraph schema | head` does.
    std::io::stdout().write_all(crate::schema::sdl().as_bytes())?;
    Ok(())
}
