//! `notegraph backup`

use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use super::migrate;
use crate::cli::settings::DatabaseArgs;
use crate::cli::terminal::out;
use crate::cli::{CommandError, CommandResult, database_file};
use crate::store::db::{Db, IfMissing};
use crate::store::private_file;

/// Copy the SQLite database into a new file, as a consistent snapshot; servers may keep running. To restore, stop the
/// servers and replace the database with the copy, with no file beside it whose name ends in -wal or -shm. For
/// PostgreSQL use pg_dump and pg_restore.
#[expect(clippy::doc_markdown, reason = "clap prints these comments as help, where backticks would show")]
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// The file to create.
    pub file: PathBuf,
}

/// Copies the database, and prints the size of the copy.
///
/// # Errors
/// If the copy fails; then no file is left.
pub async fn run(args: &BackupArgs, database: &DatabaseArgs) -> CommandResult {
    let file = args.file.as_path();
    let db = migrate::connect(database, IfMissing::Fail).await?;
    if !db.is_file() {
        return Err(CommandError::new(
            "this command only copies SQLite databases; back up a PostgreSQL database with `pg_dump --format=custom \
             --file FILE URL`, and restore it with `pg_restore`",
        ));
    }
    refuse_existing(file)?;
    database_file::refuse(database, file)?;
    let unfinished = Unfinished::reserve(file)?;
    copy(&db, &unfinished.0).await?;
    db.close().await?;
    unfinished.finish(file)?;
    let size = std::fs::metadata(file)?.len();
    out!("copied the database to {}, {size} bytes", file.display());
    Ok(())
}

fn refuse_existing(file: &Path) -> CommandResult {
    if file.symlink_metadata().is_ok() {
        return Err(CommandError::new(format!("the file {} already exists; choose another name", file.display())));
    }
    Ok(())
}

/// Writes a consistent snapshot of the database, without blocking readers or writers.
async fn copy(db: &Db, file: &Path) -> CommandResult {
    let path = file.to_str().ok_or_else(|| CommandError::new("the file name must be Unicode"))?;
    Ok(db.copy_file(path).await?)
}

/// The copy in progress, under a temporary name, so that a file of the final name is always complete. Dropping it
/// removes the temporary file.
struct Unfinished(PathBuf);

impl Unfinished {
    /// Creates the temporary file, readable by its owner alone, since it holds all data of the database.
    fn reserve(file: &Path) -> CommandResult<Self> {
        let mut name = OsString::from(file);
        name.push(".unfinished");
        // An absolute path: SQLite would read parameters out of a name that begins with `file:`.
        let path = std::path::absolute(PathBuf::from(name))?;
        match private_file::create_new(&path) {
            Ok(_) => Ok(Self(path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(CommandError::new(format!(
                "{} exists: another backup is writing it, or an interrupted one has left it; remove it, or choose \
                 another name",
                path.display()
            ))),
            Err(error) => Err(CommandError::new(format!("cannot write {}: {error}", path.display()))),
        }
    }

    /// Gives the copy its final name, once it is on the disk.
    fn finish(self, file: &Path) -> CommandResult {
        File::open(&self.0)?.sync_all()?;
        // A link fails if the name exists, whereas renaming would overwrite that file.
        match std::fs::hard_link(&self.0, file) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                refuse_existing(file)?;
                return Err(error.into());
            }
            // Some file systems do not support links.
            Err(_) => {
                refuse_existing(file)?;
                std::fs::rename(&self.0, file)?;
            }
        }
        #[cfg(unix)]
        if let Some(folder) = file.parent() {
            // The new name is on the disk once the folder is synchronised.
            File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // This only removes the temporary name of a finished copy.
        let _ = std::fs::remove_file(&self.0);
    }
}
