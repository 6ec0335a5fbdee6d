//! `notegraph backup`

use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use sea_orm::{DatabaseBackend, Statement};

use super::terminal::out;
use super::{Failure, Outcome, database_file, migrate};
use crate::config::DatabaseArgs;
use crate::db::{Db, Missing};
use crate::private_file;

/// Copy the SQLite database into a file that is not there yet, as it is at one moment; servers may run on it
/// meanwhile. To restore, stop the servers and put the copy in the place of the database, with no file beside it whose
/// name ends in -wal or -shm. For PostgreSQL use pg_dump and pg_restore.
#[expect(clippy::doc_markdown, reason = "these comments are also the help, which has no use for backticks")]
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// Where to put the copy.
    pub file: PathBuf,
}

/// Copies the database, and says how large the copy is.
///
/// # Errors
/// When the copy cannot be made; then there is none.
pub async fn run(args: &BackupArgs, database: &DatabaseArgs) -> Outcome {
    let file = args.file.as_path();
    let db = migrate::connect(database, Missing::Refuse).await?;
    if db.backend() == DatabaseBackend::Postgres {
        return Err(Failure::new(
            "this copies SQLite files; copy a PostgreSQL database with `pg_dump --format=custom --file FILE URL`, and \
             bring it back with `pg_restore`",
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

fn refuse_existing(file: &Path) -> Outcome {
    if file.symlink_metadata().is_ok() {
        return Err(Failure::new(format!("there is a file {} already; name another", file.display())));
    }
    Ok(())
}

/// Writes all of the database as it is at one moment: readers and writers go on.
async fn copy(db: &Db, file: &Path) -> Outcome {
    let path = file.to_str().ok_or_else(|| Failure::new("the name of the file has to be Unicode"))?;
    let copy = Statement::from_sql_and_values(db.backend(), "VACUUM INTO ?", [path.into()]);
    // The connection that may write: one that may not, may not write elsewhere either. It takes no lock of the writers.
    // However much there is to be copied.
    db.execute_unhurried(copy).await?;
    Ok(())
}

/// The copy while it is made, under a name of its own, so that what has the right name is whole. Removed unless it is
/// finished.
struct Unfinished(PathBuf);

impl Unfinished {
    /// Makes the file, which only its owner may read: it holds all that the database does.
    fn reserve(file: &Path) -> Outcome<Self> {
        let mut name = OsString::from(file);
        name.push(".unfinished");
        // From the root: a name that begins with `file:` would be one with parameters to SQLite.
        let path = std::path::absolute(PathBuf::from(name))?;
        match private_file::create_new(&path) {
            Ok(_) => Ok(Self(path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::new(format!(
                "{} is being made, or was left by a copy that broke off; remove it, or name another file",
                path.display()
            ))),
            Err(error) => Err(Failure::new(format!("cannot write {}: {error}", path.display()))),
        }
    }

    /// Gives the copy its name, once all of it is on the disk.
    fn finish(self, file: &Path) -> Outcome {
        File::open(&self.0)?.sync_all()?;
        // A link is made only where there is nothing of that name, which renaming would write over.
        match std::fs::hard_link(&self.0, file) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                refuse_existing(file)?;
                return Err(error.into());
            }
            // There are file systems without links.
            Err(_) => {
                refuse_existing(file)?;
                std::fs::rename(&self.0, file)?;
            }
        }
        #[cfg(unix)]
        if let Some(folder) = file.parent() {
            // The name is on the disk when the folder is.
            File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // The other name of a finished copy, which stays.
        let _ = std::fs::remove_file(&self.0);
    }
}
