use super::batch::Importer;
use super::options::{ImportError, Options};
use super::reading;
use super::summary::{Report, Summary};
use crate::clock::Clock;
use crate::exchange::input::File;
use crate::store::db::Db;

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
