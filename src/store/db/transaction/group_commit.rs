//! Group commit for `SQLite`: commits share the wait for the disk.
//!
//! A commit is durable once the write-ahead log has been synchronised after it, which takes milliseconds. If each
//! transaction did that itself, all others would wait for it. So transactions commit without it (`synchronous =
//! NORMAL`), and the committer waits here while the next transaction already runs: one synchronisation serves every
//! commit before it. No change is acknowledged earlier. Others already see changes that are not acknowledged yet, and a
//! power failure may lose these.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, Statement};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Delay between a commit and the checkpoint, which copies the log into the database.
const COPY: Duration = Duration::from_secs(1);
/// Length of the log in pages (64 MB) above which writers wait for a moment, so that the log can start over.
const LONG_LOG: i64 = 16 << 10;
/// Maximum number of checkpoints between two such waits, while readers keep the log from starting over.
const MOST_COPIES: u32 = 32;

/// The write-ahead log of one database.
#[derive(Clone, Debug)]
pub struct GroupCommit(Arc<Wal>);

#[derive(Debug)]
struct Wal {
    path: PathBuf,
    /// Connection that runs the checkpoints, so that writers need not.
    copying: DatabaseConnection,
    /// How many transactions have committed.
    committed: AtomicU64,
    /// How many of them are on the disk. The holder of this lock synchronises for everyone who waits for it.
    durable: Mutex<Durable>,
    /// A synchronisation failed. The system may have dropped the pages it could not write, and would not report the
    /// failure again.
    is_broken: AtomicBool,
    /// A checkpoint is scheduled.
    is_due: AtomicBool,
    back_off: std::sync::Mutex<BackOff>,
    /// Set by `close`, after which checkpoints may fail: `SQLite` copies the rest as it closes.
    is_closed: AtomicBool,
}

/// Number of checkpoints of a long log before writers wait again for it to start over.
#[derive(Debug, Default)]
struct BackOff {
    copies_left: u32,
    /// The previous number, which doubles each time.
    last: u32,
}

#[derive(Debug, Default)]
struct Durable {
    count: u64,
    file: Option<Arc<WalFile>>,
}

/// The log file, held open: the system reports a failed write only to handles that were open by then. Its directory
/// entry is on the disk, too.
#[derive(Debug)]
struct WalFile {
    file: File,
    number: (u64, u64),
}

impl GroupCommit {
    /// Creates the group commit for the database in this file.
    pub fn of(file: &Path, copying: DatabaseConnection) -> Self {
        // SQLite follows links, and keeps its log beside the file that they lead to.
        let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let mut path = file.into_os_string();
        path.push("-wal");
        let (committed, durable) = (AtomicU64::new(0), Mutex::default());
        let (is_broken, is_due, is_closed) = (AtomicBool::new(false), AtomicBool::new(false), AtomicBool::new(false));
        let back_off = std::sync::Mutex::default();
        Self(Arc::new(Wal { path: path.into(), copying, committed, durable, is_broken, is_due, back_off, is_closed }))
    }

    /// Checks that changes can be made durable.
    ///
    /// # Errors
    /// If a synchronisation has failed before.
    pub fn check(&self) -> Result<(), DbErr> {
        if self.0.is_broken.load(Ordering::Relaxed) { Err(broken("an earlier synchronisation failed")) } else { Ok(()) }
    }

    /// Waits until the caller's commit is on the disk.
    ///
    /// # Errors
    /// If the disk fails; the commit is visible then, and may be lost.
    pub async fn wait_durable(&self) -> Result<(), DbErr> {
        let log = &self.0;
        let mine = log.committed.fetch_add(1, Ordering::AcqRel) + 1;
        self.copy_soon();
        let mut durable = log.durable.lock().await;
        self.check()?;
        if durable.count >= mine {
            return Ok(());
        }
        // Transactions are counted after their commit.
        let all = log.committed.load(Ordering::Acquire);
        let (of_task, held) = (Arc::clone(log), durable.file.clone());
        match spawn_blocking(move || of_task.synchronise(held)).await.map_err(broken)? {
            Ok(file) => *durable = Durable { count: all, file: Some(file) },
            // No log has this name, so the checkpoint has to bring everything into the database.
            Err(error) if error.kind() == ErrorKind::NotFound => self.copy_all().await?,
            Err(error) => return Err(broken(error)),
        }
        Ok(())
    }

    async fn copy_all(&self) -> Result<(), DbErr> {
        let Checkpoint { is_busy, .. } = self.checkpoint("FULL").await?;
        if is_busy { Err(broken("the write-ahead log is missing, and a reader blocks the checkpoint")) } else { Ok(()) }
    }

    fn copy_soon(&self) {
        if !self.0.is_due.swap(true, Ordering::AcqRel) {
            let group_commit = self.clone();
            tokio::spawn(async move {
                sleep(COPY).await;
                group_commit.0.is_due.store(false, Ordering::Release);
                if let Err(error) = group_commit.copy().await
                    && !group_commit.0.is_closed.load(Ordering::Acquire)
                {
                    tracing::warn!(cause = %error, "cannot copy the write-ahead log into the database");
                }
            });
        }
    }

    /// Copies the log into the database, as far as readers no longer need the old pages.
    async fn copy(&self) -> Result<(), DbErr> {
        self.check()?;
        let Checkpoint { pages, copied, .. } = self.checkpoint("PASSIVE").await?;
        if pages > LONG_LOG && copied == pages && self.0.take_turn_to_block_writers() {
            // Everything is copied, but readers keep the log from starting over: have writers wait for them, up to the
            // busy timeout of this connection.
            let Checkpoint { is_busy, .. } = self.checkpoint("TRUNCATE").await?;
            self.0.begun_anew(!is_busy);
        }
        Ok(())
    }

    async fn checkpoint(&self, mode: &str) -> Result<Checkpoint, DbErr> {
        let connection = &self.0.copying;
        let statement =
            Statement::from_string(connection.get_database_backend(), format!("PRAGMA wal_checkpoint({mode})"));
        let row = match connection.query_one_raw(statement).await {
            Ok(row) => row.ok_or_else(|| broken("SQLite did not report what it copied"))?,
            Err(error) => {
                if is_of_synchronising(&error) {
                    self.0.is_broken.store(true, Ordering::Relaxed);
                }
                return Err(error);
            }
        };
        let number = |place| row.try_get_by_index::<i64>(place);
        Ok(Checkpoint { is_busy: number(0)? != 0, pages: number(1)?, copied: number(2)? })
    }

    pub async fn close(&self) -> Result<(), DbErr> {
        self.0.is_closed.store(true, Ordering::Release);
        self.0.copying.close_by_ref().await
    }
}

/// Result of a checkpoint: whether others were in its way, the pages of the log, and the pages that were copied.
struct Checkpoint {
    is_busy: bool,
    pages: i64,
    copied: i64,
}

impl Wal {
    /// Whether writers are to wait for readers now. Backs off, since long readers would otherwise block writers in vain
    /// at every checkpoint.
    fn take_turn_to_block_writers(&self) -> bool {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        let is_turn = back_off.copies_left == 0;
        back_off.copies_left = back_off.copies_left.saturating_sub(1);
        is_turn
    }

    fn begun_anew(&self, is_anew: bool) {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        let copies = if is_anew { 0 } else { (2 * back_off.last).clamp(1, MOST_COPIES) };
        *back_off = BackOff { copies_left: copies, last: copies };
    }

    /// Synchronises the log, and opens it anew if another file has replaced the one held. Runs to its end even if the
    /// caller is cancelled, so that no failure is missed.
    fn synchronise(&self, held: Option<Arc<WalFile>>) -> IoResult<Arc<WalFile>> {
        let synchronised = self.try_synchronise(held);
        if let Err(error) = &synchronised
            && error.kind() != ErrorKind::NotFound
        {
            self.is_broken.store(true, Ordering::Relaxed);
            tracing::error!(cause = %error, "cannot synchronise the write-ahead log; refusing all further changes");
        }
        synchronised
    }

    fn try_synchronise(&self, held: Option<Arc<WalFile>>) -> IoResult<Arc<WalFile>> {
        let number = number(&std::fs::metadata(&self.path)?);
        if let Some(held) = held.filter(|held| held.number == number) {
            held.file.sync_data()?;
            return Ok(held);
        }
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        file.sync_data()?;
        if let Some(folder) = self.path.parent() {
            synchronise_folder(folder)?;
        }
        Ok(Arc::new(WalFile { file, number }))
    }
}

/// Device and inode: they identify a file for as long as it is open.
#[cfg(unix)]
fn number(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// Whether `SQLite` could not synchronise a file (`SQLITE_IOERR_FSYNC`).
fn is_of_synchronising(error: &DbErr) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(cause)) | DbErr::Exec(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    cause.as_database_error().is_some_and(|error| error.code().is_some_and(|code| code == "1034"))
}

#[cfg(unix)]
fn synchronise_folder(folder: &Path) -> IoResult<()> {
    File::open(folder)?.sync_all()
}

/// Folders cannot be opened as files here; a new name is on the disk with its file.
#[cfg(not(unix))]
fn synchronise_folder(_: &Path) -> IoResult<()> {
    Ok(())
}

fn broken(cause: impl std::fmt::Display) -> DbErr {
    DbErr::Exec(RuntimeErr::Internal(format!("committed changes may not be on the disk: {cause}")))
}

#[cfg(test)]
mod tests {
    use sea_orm::Database;

    use super::*;

    #[tokio::test]
    async fn commits_wait_for_the_log_together() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let connection = Database::connect(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap();
        connection.execute_unprepared("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").await.unwrap();
        let group_commit = GroupCommit::of(&file, connection.clone());
        let all = (0..50).map(|_| async {
            connection.execute_unprepared("INSERT INTO t VALUES (1)").await.unwrap();
            group_commit.wait_durable().await.unwrap();
        });
        futures_util::future::join_all(all).await;
        let durable = group_commit.0.durable.lock().await;
        assert_eq!(durable.count, 50);
        assert!(durable.file.is_some());
        group_commit.checkpoint("TRUNCATE").await.unwrap();
        assert_eq!(std::fs::metadata(folder.path().join("test.db-wal")).unwrap().len(), 0, "all is copied");
    }

    #[tokio::test]
    async fn writers_back_off_from_blocking_checkpoints() {
        let group_commit = GroupCommit::of(Path::new("none.db"), Database::connect("sqlite::memory:").await.unwrap());
        let log = &group_commit.0;
        let mut waited = Vec::new();
        for copy in 0..200 {
            if log.take_turn_to_block_writers() {
                waited.push(copy);
                log.begun_anew(false);
            }
        }
        assert_eq!(waited, [0, 2, 5, 10, 19, 36, 69, 102, 135, 168]);
        assert!((0..=MOST_COPIES).any(|_| log.take_turn_to_block_writers()));
        log.begun_anew(true);
        assert!(log.take_turn_to_block_writers(), "the log was short again");
    }

    #[tokio::test]
    async fn after_a_failed_sync_all_changes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Database::connect("sqlite::memory:").await.unwrap();
        // The parent of the log is a file, so that opening the log fails with another error than "not found".
        let file = folder.path().join("test.db");
        std::fs::write(folder.path().join("file"), "").unwrap();
        let group_commit = GroupCommit::of(&folder.path().join("file").join("test.db"), connection.clone());
        assert!(group_commit.check().is_ok());
        assert!(group_commit.wait_durable().await.is_err());
        assert!(group_commit.check().is_err());
        // Without a log, a checkpoint copies everything into the database.
        assert!(GroupCommit::of(&file, connection).wait_durable().await.is_ok());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_log_of_a_symlink_is_next_to_its_target() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (file, link) = (folder.path().join("real.db"), other.path().join("link.db"));
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let connection = Database::connect(format!("sqlite://{}", link.display())).await.unwrap();
        connection.execute_unprepared("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").await.unwrap();
        let group_commit = GroupCommit::of(&link, connection);
        group_commit.wait_durable().await.unwrap();
        assert!(group_commit.0.durable.lock().await.file.is_some(), "it was synchronised");
    }
}
