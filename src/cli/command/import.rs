//! `notegraph import`: imports notes from files into a company.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::migrate::open_or_create;
use crate::cli::rejects::Rejects;
use crate::cli::settings::{DatabaseArgs, QuotaArgs, RecordArgs};
use crate::cli::terminal::err;
use crate::cli::{CommandError, CommandResult, database_file, lookup};
use crate::clock::Clock;
use crate::exchange::input;
use crate::exchange::intake::{self, Options, Report, Summary};
use crate::exchange::record::RecordLocation;
use crate::store::db::Db;

/// Import notes with their customers, users, assignees and messages. Files hold responses of the notes REST API (an
/// array, or one note per line), or lists of notes of the billing API; plain or gzip. Ids are kept, and importing the
/// same file again changes nothing.
///
/// Exit status: 0 if all records were imported, 1 if some were rejected, 2 for a wrong command line, 3 if the import
/// could not finish (no such file, no database).
#[derive(Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct ImportArgs {
    /// Files to import; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,

    /// The name of the company to import into. If it does not exist, it is created, with the id in the records if that
    /// is free.
    #[arg(long, value_name = "NAME", value_parser = lookup::name)]
    pub company: String,

    /// Write the rejected records to this new file, one per line, to be corrected and imported again. The file must not
    /// exist, and is removed if no record was rejected. The reasons go to standard error. Records longer than
    /// --record-limit are not written.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,

    /// Update existing notes that differ from the file, instead of rejecting the record. Fields that the file leaves
    /// out stay; messages posted in this system are never overwritten.
    #[arg(long)]
    pub update: bool,

    /// Report what would happen, without writing anything. A database file is locked against other writers meanwhile.
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub quota: QuotaArgs,

    #[command(flatten)]
    pub record: RecordArgs,
}

/// Opens or creates the database, and imports. The exit status tells the result.
pub async fn main(args: &ImportArgs, database: &DatabaseArgs) -> ExitCode {
    let work = async {
        let db = open_or_create(database).await?;
        if let Some(rejects) = &args.rejects {
            database_file::refuse(database, rejects)?;
        }
        run(args, &db, &Clock::default()).await
    };
    match work.await {
        Ok(summary) if summary.rejected == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(SOME_REJECTED),
        Err(failure) => {
            err!("error: {failure}");
            ExitCode::from(NOT_RUN)
        }
    }
}

const SOME_REJECTED: u8 = 1;
const NOT_RUN: u8 = 3;

/// Maximum number of warnings that are printed; further ones are only counted.
const WARNINGS: u64 = 100;

/// Imports the files, and returns a summary, which it also prints to standard error.
///
/// # Errors
/// If a file or the database cannot be opened, or the database fails during the import.
pub async fn run(args: &ImportArgs, db: &Db, clock: &Clock) -> CommandResult<Summary> {
    let mut files = Vec::new();
    for name in &args.files {
        let file = input::open(name).map_err(|error| CommandError::new(format!("cannot read `{name}`: {error}")))?;
        files.push((name.clone(), file));
    }
    let rejects = args.rejects.as_deref().map(Rejects::create).transpose()?;
    let mut console = Console { bar: bar(), rejects, warnings: 0 };
    let options = Options {
        company: args.company.clone(),
        update: args.update,
        dry_run: args.dry_run,
        limits: args.record.limits(),
        quota: args.quota.quota(),
    };
    let outcome = intake::run(files, &options, db, clock, &mut console).await;
    let written = console.rejects.map_or(Ok(()), Rejects::finish);
    console.bar.finish_and_clear();
    let summary = outcome?;
    if args.dry_run {
        err!("dry run: nothing is written");
    }
    for line in summary.to_string().lines() {
        err!("{line}");
    }
    written.map(|()| summary)
}

/// A progress line, hidden unless standard error is a terminal.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} records, {per_sec}, {elapsed}");
    let bar = ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

struct Console {
    bar: ProgressBar,
    rejects: Option<Rejects>,
    warnings: u64,
}

impl Report for Console {
    fn rejected(&mut self, location: &RecordLocation, reason: &str, raw: &[u8]) {
        self.bar.suspend(|| err!("{location}: rejected: {reason}"));
        if let Some(rejects) = self.rejects.as_mut().filter(|_| !raw.is_empty()) {
            rejects.add(raw);
        }
    }

    fn warning(&mut self, location: &RecordLocation, text: &str) {
        self.warnings += 1;
        if self.warnings <= WARNINGS {
            self.bar.suspend(|| err!("{location}: warning: {text}"));
        } else if self.warnings == WARNINGS + 1 {
            self.bar.suspend(|| err!("further warnings are only counted"));
        }
    }

    fn progress(&mut self, records: u64) {
        self.bar.inc(records);
    }
}
