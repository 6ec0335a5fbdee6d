//! The files of a `SQLite` database, which no other file may be written in the place of.

use std::path::{Path, PathBuf};

use super::{Failure, Outcome};
use crate::config::DatabaseArgs;
use crate::db;

/// Refuses the name of the database, and the names of the files that `SQLite` keeps beside it, whether they are there
/// just now or not.
///
/// # Errors
/// When `path` is one of them.
pub fn refuse(database: &DatabaseArgs, path: &Path) -> Outcome {
    if !database.database_url.starts_with("sqlite:") {
        return Ok(());
    }
    let named = db::sqlite_file(&database.database_url)?;
    // SQLite follows a symbolic link, and puts the others beside what it leads to.
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
        return Err(Failure::new(format!("{name} is a file of the database itself; name one that is not there yet")));
    }
    Ok(())
}

/// Where a file is or would be, whatever way its folder is named.
fn located(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
