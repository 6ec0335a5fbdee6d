//! `notegraph export`: the notes of a company, in the form in which they are imported, to standard output.

use std::io::{BufWriter, ErrorKind, Write};

use clap::Args;

use super::{Failure, Outcome, open, people};
use crate::config::DatabaseArgs;
use crate::db::Db;
use crate::form::output;

/// Write the notes of a company to standard output, as JSON in the form of the notes REST API, one note a line,
/// ordered by id. What was imported is written as it was; imported into an empty database and exported again, the
/// bytes are the same.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// The company's name.
    #[arg(long, value_name = "NAME", value_parser = people::name)]
    pub company: String,
}

/// Opens the database and writes to standard output.
///
/// # Errors
/// As of [`run`], and when the database is not there.
pub async fn main(args: &ExportArgs, database: &DatabaseArgs) -> Outcome {
    run(args, &open(database).await?, &mut std::io::stdout()).await.map(drop)
}

/// Writes the notes to `out`, and says how many there were. Whoever reads may stop reading at any time.
///
/// # Errors
/// When there is no such company, the database does not answer, or nothing more can be written.
pub async fn run(args: &ExportArgs, db: &Db, out: &mut (dyn Write + Send)) -> Outcome<u64> {
    let company = people::company(db, &args.company).await?;
    match output::write(db, company.id, &mut BufWriter::with_capacity(64 * 1024, out)).await {
        Ok(count) => Ok(count),
        Err(output::Failure::Writing(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
        Err(output::Failure::Writing(error)) => Err(Failure::new(format!("writing failed: {error}"))),
        Err(output::Failure::Database(error)) => Err(error.into()),
    }
}
