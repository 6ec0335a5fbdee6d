//! Keeps other output from overwriting the files of a `SQLite` database.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{CommandError, CommandResult};
use crate::cli::settings::DatabaseArgs;
use crate::store::db;

/// Refuses the path of the database, and of the files that `SQLite` keeps beside it, whether these exist now or not.
///
/// # Errors
/// If `path` is one of them.
pub fn refuse(database: &DatabaseArgs, path: &Path) -> CommandResult {
    let Some(named) = db::database_file(&database.database_url)? else { return Ok(()) };
    // SQLite follows symbolic links, and puts the other files beside the target.
    let real = named.canonicalize().unwrap_or_else(|_| named.clone());
    let target = located(path);
    let is_one = [named, real].iter().any(|file| {
        ["", "-wal", "-shm", "-journal"].iter().any(|end| {
            let mut name = file.clone().into_os_string();
            name.push(end);
            located(Path::new(&name)) == target
        })
    });
    if is_one {
        let name = path.display();
        return Err(CommandError::new(format!("{name} is a file of the database itself; choose another name")));
    }
    Ok(())
}

/// Identifies the file of a `SQLite` database: a copy is another one, and a file that was renamed is not.
///
/// # Errors
/// If the file cannot be examined.
pub fn identity(database: &DatabaseArgs) -> CommandResult<Option<String>> {
    let Some(file) = db::database_file(&database.database_url)? else { return Ok(None) };
    let file = std::fs::metadata(file)?;
    // Some file systems do not say when a file was created.
    let created = file.created().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let created = created.map_or(0, |time| time.as_micros());
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&file);
    #[cfg(not(unix))]
    let number = 0;
    Ok(Some(format!("{number}:{created}")))
}

/// The path of an existing or new file, with its folder resolved.
fn located(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
