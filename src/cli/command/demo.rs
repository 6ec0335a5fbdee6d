//! `notegraph demo`: fills a database with demo data.

use std::io::IsTerminal;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::migrate::open_or_create;
use crate::cli::CommandResult;
use crate::cli::settings::DatabaseArgs;
use crate::cli::terminal::out;
use crate::demo;

#[derive(Args, Clone, Copy, Debug)]
pub struct DemoArgs {
    /// Number of notes to add, along with customers, users, messages and assignees.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub notes: u64,
}

/// Fills the database, and prints what was added.
pub async fn run(args: &DemoArgs, database: &DatabaseArgs) -> CommandResult {
    let db = open_or_create(database).await?;
    let started = Instant::now();
    let bar = progress_bar(args.notes);
    demo::fill(&db, args.notes, &|done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    db.close().await?;
    let seconds = started.elapsed().as_secs_f64();
    out!("added {} notes to the company {} in {seconds:.1} s", args.notes, demo::COMPANY);
    Ok(())
}

/// Hidden unless standard error is a terminal.
fn progress_bar(notes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} notes, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(notes).with_style(style)
}
