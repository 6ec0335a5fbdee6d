//! Brings records into the database, batch by batch: one transaction each, with few statements whatever its size.
//!
//! [`reading`] hands over the batches; of each, what is there already is loaded ([`existing`], [`people`],
//! [`types`]), the [`plan`] decides record by record, and the [`rows`] are written. A batch that the database refuses
//! is tried again record by record, so that one bad record keeps no other out.

mod batch;
mod company;
mod compare;
mod existing;
mod failure;
mod ids;
mod people;
mod plan;
mod reading;
mod room;
mod rows;
mod summary;
mod types;
mod update;

use sea_orm::DbErr;

use super::input::{File, Limits};
use crate::clock::Clock;
use crate::db::Db;
use crate::quota::Quota;
use batch::Intake;

pub use summary::{Report, Summary};

/// How to import.
#[derive(Clone, Debug)]
pub struct Options {
    /// The company's name; made where there is none.
    pub company: String,
    /// A record that differs from the note that is there overwrites it, instead of being rejected.
    pub update: bool,
    /// Report what would happen, and write nothing.
    pub dry_run: bool,
    /// How much the company may hold.
    pub quota: Quota,
    /// How much one record may be; what is larger is rejected.
    pub limits: Limits,
}

/// Why an import stopped before its end. What was committed before stays.
#[derive(Debug)]
pub enum Failure {
    Database(DbErr),
    Reading(std::io::Error),
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::Reading(error) => write!(f, "reading cannot start: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Imports all records of the files.
///
/// # Errors
/// When the database cannot store anything any more.
pub async fn run(
    files: Vec<(String, File)>,
    options: &Options,
    db: &Db,
    clock: &Clock,
    report: &mut dyn Report,
) -> Result<Summary, Failure> {
    let mut batches = reading::start(files, options.limits, clock.now()).map_err(Failure::Reading)?;
    // A trial run is one transaction that is never committed, so that its records see each other.
    let trial = if options.dry_run { Some(db.begin_unhurried().await?) } else { None };
    let mut intake = Intake::new(db, clock, options, trial);
    while let Some(batch) = batches.recv().await {
        let reading::Batch { records, room } = batch;
        intake.take(records, report).await?;
        drop(room);
    }
    intake.end().await.map_err(Failure::from)
}
