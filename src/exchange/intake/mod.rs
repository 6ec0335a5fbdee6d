//! Imports records into the database in batches: one transaction per batch, with few statements whatever its size.
//!
//! [`reading`] delivers the batches. For each, the existing data is loaded ([`existing`], [`people`], [`types`]), the
//! [`plan`] decides record by record, and the [`rows`] are written. A batch that the database refuses is retried record
//! by record, so that an invalid record does not affect others.

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

use super::input::{File, RecordLimits};
use crate::clock::Clock;
use crate::quota::Quota;
use crate::store::db::Db;
use batch::Importer;

pub use summary::{Report, Summary};

/// Options of an import.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the company; created if it does not exist.
    pub company: String,
    /// Overwrite existing notes that differ from their record, instead of rejecting the record.
    pub update: bool,
    /// Report what would happen without writing anything.
    pub dry_run: bool,
    /// Limits on what the company may store.
    pub quota: Quota,
    /// Limits on the size of one record; larger ones are rejected.
    pub limits: RecordLimits,
}

/// Why an import stopped early. Batches that were committed before remain.
#[derive(Debug)]
pub enum ImportError {
    Database(DbErr),
    Reading(std::io::Error),
}

impl From<DbErr> for ImportError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::Reading(error) => write!(f, "reading cannot start: {error}"),
        }
    }
}

impl std::error::Error for ImportError {}

/// Imports all records of the files.
///
/// # Errors
/// When the database cannot store anything any more, or the reading thread cannot be started.
pub async fn run(
    files: Vec<(String, File)>,
    options: &Options,
    db: &Db,
    clock: &Clock,
    report: &mut dyn Report,
) -> Result<Summary, ImportError> {
    let mut batches = reading::start(files, options.limits, clock.now()).map_err(ImportError::Reading)?;
    // A dry run is a single transaction that is never committed, so that its records see each other.
    let trial = if options.dry_run { Some(db.begin_without_timeout().await?) } else { None };
    let mut importer = Importer::new(db, clock, options, trial);
    while let Some(batch) = batches.recv().await {
        let reading::RecordBatch { records, permits } = batch;
        importer.take(records, report).await?;
        drop(permits);
    }
    importer.end().await.map_err(ImportError::from)
}
