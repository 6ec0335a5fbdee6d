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
mod options;
mod people;
mod plan;
mod reading;
mod room;
mod rows;
mod summary;
mod types;
mod update;

use super::input::File;
use crate::clock::Clock;
use crate::store::db::Db;
use batch::Importer;

pub use options::{ImportError, Options};
pub use summary::{Report, Summary};

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
