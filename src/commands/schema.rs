//! `notegraph schema`

use std::io::Write;

use super::Outcome;

pub fn run() -> Outcome {
    // Not `print!`, which panics where the reader has gone, as `notegraph schema | head` does.
    std::io::stdout().write_all(crate::schema::sdl().as_bytes())?;
    Ok(())
}
