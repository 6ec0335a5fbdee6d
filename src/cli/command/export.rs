//! `notegraph export`: writes the notes of a company to standard output, in the import format.

use std::fmt::Write as _;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};

use clap::Args;

use super::migrate::open;
use crate::cli::settings::DatabaseArgs;
use crate::cli::{CommandError, CommandResult, lookup};
use crate::exchange::output;
use crate::store::db::Db;
use crate::text::control_characters::is_control;

/// Write the notes of a company to standard output, as JSON in the format of the notes REST API, one note per line,
/// ordered by id. Imported notes are written as they were; importing the output into an empty database and exporting it
/// again yields the same bytes.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// The name of the company.
    #[arg(long, value_name = "NAME", value_parser = lookup::name)]
    pub company: String,
}

/// Opens the database and writes to standard output.
///
/// # Errors
/// As for [`run`], and if the database does not exist.
pub async fn main(args: &ExportArgs, database: &DatabaseArgs) -> CommandResult {
    let db = open(database).await?;
    let mut out = std::io::stdout();
    if out.is_terminal() { run(args, &db, &mut Shown::new(out)).await } else { run(args, &db, &mut out).await }
        .map(drop)
}

/// Writes the notes to `out`, and returns how many. The reader may close the pipe early.
///
/// # Errors
/// If there is no such company, the database does not answer, or writing fails.
pub async fn run(args: &ExportArgs, db: &Db, out: &mut (dyn Write + Send)) -> CommandResult<u64> {
    let company = lookup::company(db, &args.company).await?;
    match output::write(db, company.id, &mut BufWriter::with_capacity(64 * 1024, out)).await {
        Ok(count) => Ok(count),
        Err(output::ExportError::Writing(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
        Err(output::ExportError::Writing(error)) => Err(CommandError::new(format!("writing failed: {error}"))),
        Err(output::ExportError::Database(error)) => Err(error.into()),
    }
}

/// Writes JSON to a terminal, with control characters as JSON escapes, which mean the same. Files get the bytes
/// unchanged.
struct Shown<W> {
    out: W,
    /// The first bytes of a character that is not complete yet.
    unfinished: Vec<u8>,
}

impl<W: Write> Shown<W> {
    fn new(out: W) -> Self {
        Self { out, unfinished: Vec::new() }
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut all = std::mem::take(&mut self.unfinished);
        all.extend_from_slice(bytes);
        let mut shown = String::with_capacity(all.len());
        let mut rest: &[u8] = &[];
        for chunk in all.utf8_chunks() {
            for character in chunk.valid().chars() {
                if is_control(character) && character != '\n' {
                    // Writing into a string does not fail.
                    let _ = write!(shown, "\\u{:04x}", u32::from(character));
                } else {
                    shown.push(character);
                }
            }
            // The output is valid text, so only an incomplete last character remains.
            rest = chunk.invalid();
        }
        self.unfinished = rest.to_vec();
        self.out.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_escaped_control_characters() {
        let line = "{\"name\":\"ä\u{9b}31m\u{202e}\u{7f} 手\"}\n";
        for size in 1..line.len() {
            let mut shown = Shown::new(Vec::new());
            for piece in line.as_bytes().chunks(size) {
                shown.write_all(piece).unwrap();
            }
            let shown = String::from_utf8(shown.out).unwrap();
            assert_eq!(shown, "{\"name\":\"ä\\u009b31m\\u202e\\u007f 手\"}\n", "in pieces of {size}");
        }
    }
}
