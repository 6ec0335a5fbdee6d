//! Commits of `SQLite` that share the wait for the disk.
//!
//! A commit is on the disk when the write-ahead log was synchronised after it, which takes milliseconds. Were that done
//! within each transaction, all others would wait for it. So transactions are committed without it (`synchronous = NORMAL`),
//! and whoever has committed waits here, when the next transaction may run already: one synchronisation is for all that
//! committed before it began. Nothing is acknowledged before. What is read meanwhile may be lost with the power, as may be
//! any change that nobody was told of.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, Statement};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// The longest that changes stay in the log alone, before they are copied into the database.
const COPY: Duration = Duration::from_secs(1);
/// From so many pages in the log on (64 MB), writers wait for a moment, so that it can begin anew.
const LONG_LOG: i64 = 16 << 10;

/// The write-ahead log of one database.
#[derive(Clone, Debug)]
pub struct Commits(Arc<Log>);

#[derive(Debug)]
struct Log {
    path: PathBuf,
    /// Copies what is in the log into the database, on a connection of its own: no writer waits for it.
    copying: DatabaseConnection,
    /// How many transactions were committed.
    committed: AtomicU64,
    /// How many of them are on the disk. Who holds this synchronises for all who wait for it.
    durable: Mutex<Durable>,
    /// A synchronisation failed: the system may have dropped what it could not write, and would not fail again.
    is_broken: AtomicBool,
    /// Somebody will copy.
    is_due: AtomicBool,
}

#[derive(Debug, Default)]
struct Durable {
    count: u64,
    /// The file that was synchronised last, whose name is on the disk, too.
    file: Option<u64>,
}

impl Commits {
    /// Of the database in this file.
    pub fn of(file: &Path, copying: DatabaseConnection) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push("-wal");
        let (committed, durable) = (AtomicU64::new(0), Mutex::default());
        let (is_broken, is_due) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Log { path: path.into(), copying, committed, durable, is_broken, is_due }))
    }

    /// Whether changes can be made durable.
    ///
    /// # Errors
    /// When that has failed before.
    pub fn check(&self) -> Result<(), DbErr> {
        if self.0.is_broken.load(Ordering::Relaxed) { Err(broken("it failed before")) } else { Ok(()) }
    }

    /// Waits until what was committed before is on the disk.
    ///
    /// # Errors
    /// When the disk fails; what was committed is seen, and may be lost.
    pub async fn wait(&self) -> Result<(), DbErr> {
        let log = &self.0;
        let mine = log.committed.fetch_add(1, Ordering::AcqRel) + 1;
        self.copy_soon();
        let mut durable = log.durable.lock().await;
        self.check()?;
        if durable.count >= mine {
            return Ok(());
        }
        // Whoever has counted himself has committed.
        let all = log.committed.load(Ordering::Acquire);
        let (path, file) = (log.path.clone(), durable.file);
        let synchronised = spawn_blocking(move || synchronise(&path, file)).await.map_err(broken)?;
        match synchronised {
            Ok(file) => *durable = Durable { count: all, file },
            Err(error) => {
                log.is_broken.store(true, Ordering::Relaxed);
                tracing::error!(cause = %error, "the write-ahead log cannot be synchronised; no change is taken any more");
                return Err(broken(error));
            }
        }
        Ok(())
    }

    fn copy_soon(&self) {
        if !self.0.is_due.swap(true, Ordering::AcqRel) {
            let commits = self.clone();
            tokio::spawn(async move {
                sleep(COPY).await;
                commits.0.is_due.store(false, Ordering::Release);
                if let Err(error) = commits.copy().await {
                    tracing::warn!(cause = %error, "the write-ahead log cannot be copied into the database");
                }
            });
        }
    }

    /// Copies the log into the database, as far as no reader needs what is there.
    async fn copy(&self) -> Result<(), DbErr> {
        let pages = self.checkpoint("PASSIVE").await?;
        if pages > LONG_LOG {
            // Somebody always reads in it. Whoever writes waits for readers now, as long as the connection is patient.
            self.checkpoint("TRUNCATE").await?;
        }
        Ok(())
    }

    /// Returns how many pages the log has.
    async fn checkpoint(&self, mode: &str) -> Result<i64, DbErr> {
        let door = &self.0.copying;
        let statement = Statement::from_string(door.get_database_backend(), format!("PRAGMA wal_checkpoint({mode})"));
        let row = door.query_one_raw(statement).await?;
        row.map_or(Ok(0), |row| row.try_get_by_index(1))
    }

    pub async fn close(&self) -> Result<(), DbErr> {
        self.0.copying.close_by_ref().await
    }
}

/// Synchronises the log, and its name where it is another file than `known`. Returns which file it is.
fn synchronise(path: &Path, known: Option<u64>) -> IoResult<Option<u64>> {
    let log = match File::open(path) {
        Ok(log) => log,
        // Whoever closed the database has copied and synchronised everything before.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    log.sync_data()?;
    let file = Some(number(&log.metadata()?));
    if file != known
        && let Some(folder) = path.parent()
    {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        synchronise_folder(folder)?;
    }
    Ok(file)
}

/// What tells a file from another one of the same name.
#[cfg(unix)]
fn number(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> u64 {
    0
}

#[cfg(unix)]
fn synchronise_folder(folder: &Path) -> IoResult<()> {
    File::open(folder)?.sync_all()
}

/// Folders are no files there; a new name is on the disk with its file.
#[cfg(not(unix))]
fn synchronise_folder(_: &Path) -> IoResult<()> {
    Ok(())
}

fn broken(cause: impl std::fmt::Display) -> DbErr {
    DbErr::Exec(RuntimeErr::Internal(format!("what was committed is not known to be on the disk: {cause}")))
}

#[cfg(test)]
mod tests {
    use sea_orm::Database;

    use super::*;

    #[tokio::test]
    async fn whoever_committed_waits_for_the_log_and_one_wait_is_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let door = Database::connect(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap();
        door.execute_unprepared("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").await.unwrap();
        let commits = Commits::of(&file, door.clone());
        let all = (0..50).map(|_| async {
            door.execute_unprepared("INSERT INTO t VALUES (1)").await.unwrap();
            commits.wait().await.unwrap();
        });
        futures_util::future::join_all(all).await;
        let durable = commits.0.durable.lock().await;
        assert_eq!(durable.count, 50);
        assert!(durable.file.is_some());
        assert!(commits.checkpoint("TRUNCATE").await.unwrap() >= 0);
        assert_eq!(std::fs::metadata(folder.path().join("test.db-wal")).unwrap().len(), 0, "all is copied");
    }

    #[tokio::test]
    async fn after_a_failure_nothing_is_taken_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let door = Database::connect("sqlite::memory:").await.unwrap();
        // A folder stands where the log should be: it can be opened, and is no file to be read.
        let file = folder.path().join("test.db");
        std::fs::write(folder.path().join("file"), "").unwrap();
        let commits = Commits::of(&folder.path().join("file").join("test.db"), door.clone());
        assert!(commits.check().is_ok());
        assert!(commits.wait().await.is_err());
        assert!(commits.check().is_err());
        // Where there is no log, everything is in the database.
        assert!(Commits::of(&file, door).wait().await.is_ok());
    }
}
