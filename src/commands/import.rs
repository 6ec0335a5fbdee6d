//! `notegraph import`: notes from files into a company.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::database_file;
use super::rejects::Rejects;
use super::terminal::err;
use super::{Failure, Outcome, open_or_create, people};
use crate::clock::Clock;
use crate::config::{DatabaseArgs, QuotaArgs, RecordArgs};
use crate::db::Db;
use crate::form::input;
use crate::form::intake::{self, Options, Report, Summary};
use crate::form::record::Place;

/// Import notes with their customers, users, assignees and messages. Files hold what the notes REST API answers (an
/// array, or one note a line), or lists of the notes of the billing API; plain or gzip. Ids are kept, and the same
/// file once more changes nothing.
///
/// Exit status: 0 when every record is in, 1 when some were rejected, 2 for a wrong command line, 3 when the import
/// could not run to its end (no such file, no database).
#[derive(Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct ImportArgs {
    /// What to import; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,

    /// The company that the notes go into, by name. It is made where there is none, with the id that the records
    /// give it where that is free.
    #[arg(long, value_name = "NAME", value_parser = people::name)]
    pub company: String,

    /// Write the rejected records into this file, one a line, to be mended and imported again. There must be no such file
    /// yet, and there is none afterwards where no record was rejected. Why each was rejected stands on standard error. A
    /// record that is longer than --record-limit is not in it.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,

    /// Take the file's word where a note differs from the one that is there, instead of rejecting it. What the file
    /// does not say stays; messages posted here are never overwritten.
    #[arg(long)]
    pub update: bool,

    /// Report what would happen, and write nothing. A database file is held against other writers meanwhile.
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub quota: QuotaArgs,

    #[command(flatten)]
    pub record: RecordArgs,
}

/// Opens the database, made where it is not there, and imports; the exit status tells how it went.
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

/// How many warnings are written out; the rest is counted.
const WARNINGS: u64 = 100;

/// Imports the files, and says what became of the records; the same goes to standard error.
///
/// # Errors
/// When a file or the database cannot be opened, or the database fails on the way.
pub async fn run(args: &ImportArgs, db: &Db, clock: &Clock) -> Outcome<Summary> {
    let mut files = Vec::new();
    for name in &args.files {
        let file = input::open(name).map_err(|error| Failure::new(format!("cannot read `{name}`: {error}")))?;
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
        err!("a dry run: nothing is written");
    }
    for line in summary.to_string().lines() {
        err!("{line}");
    }
    written.map(|()| summary)
}

/// A line that lives, on a terminal only.
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
    fn rejected(&mut self, place: &Place, reason: &str, raw: &[u8]) {
        self.bar.suspend(|| err!("{place}: rejected: {reason}"));
        if let Some(rejects) = self.rejects.as_mut().filter(|_| !raw.is_empty()) {
            rejects.add(raw);
        }
    }

    fn warning(&mut self, place: &Place, text: &str) {
        self.warnings += 1;
        if self.warnings <= WARNINGS {
            self.bar.suspend(|| err!("{place}: warning: {text}"));
        } else if self.warnings == WARNINGS + 1 {
            self.bar.suspend(|| err!("further warnings are counted only"));
        }
    }

    fn progress(&mut self, records: u64) {
        self.bar.inc(records);
    }
}
