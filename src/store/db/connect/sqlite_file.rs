//! The file of a `SQLite` database: which addresses are valid, and how the file is created.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{DbErr, RuntimeErr};
use url::form_urlencoded;

use super::error::ConnectError;
use crate::store::private_file;

/// The reaction to a missing `SQLite` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    Create,
    Fail,
}

/// Returns the path of the database, if the address is one of a file.
///
/// # Errors
/// As for [`sqlite_file`].
pub fn database_file(url: &str) -> Result<Option<PathBuf>, ConnectError> {
    if url.starts_with(SCHEME) { sqlite_file(url).map(Some) } else { Ok(None) }
}

/// Returns the path that a `sqlite:` address names.
///
/// # Errors
/// If the address names no file, or a mode in which changes are lost or locks are not held.
pub fn sqlite_file(url: &str) -> Result<PathBuf, ConnectError> {
    let refused = |reason: &str| Err(ConnectError::Address(reason.to_owned()));
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| ConnectError::Database(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))))?;
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("mode", "memory") => return refused(IN_MEMORY),
            // Any VFS has to pass the checks after opening.
            ("mode", "rw" | "rwc") | ("vfs", _) => {}
            _ => {
                return Err(ConnectError::Address(format!(
                    "the address of a SQLite database does not support {name}={value}; give only the path, as in \
                     sqlite://notegraph.db"
                )));
            }
        }
    }
    let path = options.get_filename();
    let text = path.to_string_lossy();
    // Both as written and as decoded by the library.
    if url.contains(":memory:") || text.contains(":memory:") {
        return refused(IN_MEMORY);
    }
    if text.is_empty() {
        return refused("the address of a SQLite database needs the path of a file, as in sqlite://notegraph.db");
    }
    if text.starts_with("file:") {
        // SQLite would parse parameters out of the name.
        return refused(
            "the address of a SQLite database is sqlite:// and a path without file:, as in sqlite://notegraph.db",
        );
    }
    Ok(path.to_owned())
}

/// How the address of a `SQLite` database begins.
pub const SCHEME: &str = "sqlite:";

const IN_MEMORY: &str = "a database in memory is lost between connections; name a file, as in sqlite://notegraph.db";

/// Creates the file if it is missing and may be created, readable by its owner alone. `SQLite` would let everybody read
/// it, and gives the `-wal` and `-shm` files the mode of the database.
///
/// # Errors
/// If the file cannot be created, or the path is not a file.
pub fn prepare(url: &str, missing: IfMissing) -> Result<(), ConnectError> {
    let path = sqlite_file(url)?;
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(unusable(&path, "it is not a file")),
        Err(error) if error.kind() == ErrorKind::NotFound && missing == IfMissing::Create => {
            match private_file::create_new(&path) {
                // Another process may have created it meanwhile.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_file() => Ok(()),
                made => made.map(drop).map_err(|error| unusable(&path, &error.to_string())),
            }
        }
        Err(error) => Err(unusable(&path, &error.to_string())),
    }
}

fn unusable(path: &Path, reason: &str) -> ConnectError {
    ConnectError::Address(format!("cannot open the database {}: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_address_is_only_a_file() {
        for (url, path) in [
            ("sqlite://notegraph.db", "notegraph.db"),
            ("sqlite:///var/lib/a%3Fb.db?mode=rwc", "/var/lib/a?b.db"),
            ("sqlite:./file.db", "./file.db"),
        ] {
            assert_eq!(sqlite_file(url).unwrap(), Path::new(path), "{url}");
        }
        for (url, hint) in [
            ("sqlite://", "needs the path"),
            ("sqlite::memory:", "in memory"),
            ("sqlite:%3Amemory%3A", "in memory"),
            ("sqlite://a.db?mode=memory", "in memory"),
            ("sqlite://a.db?mode=%6Demory", "in memory"),
            ("sqlite://a.db?mode=ro", "does not support mode=ro"),
            ("sqlite://a.db?immutable=1", "does not support immutable=1"),
            ("sqlite://a.db?cache=shared", "does not support cache=shared"),
            ("sqlite://file:a.db%3Fmode=memory", "without file:"),
        ] {
            let refused = sqlite_file(url).unwrap_err().to_string();
            assert!(refused.contains(hint), "{url}: {refused}");
        }
    }

    #[test]
    fn only_files_are_opened_and_missing_ones_created_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
        assert!(prepare(&url("absent.db"), IfMissing::Fail).is_err());
        assert!(!folder.path().join("absent.db").exists());
        prepare(&url("made.db"), IfMissing::Create).unwrap();
        prepare(&url("made.db"), IfMissing::Fail).unwrap();
        let refused = prepare(&url(""), IfMissing::Create).unwrap_err().to_string();
        assert!(refused.contains("it is not a file"), "{refused}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join("made.db")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::os::unix::fs::symlink(folder.path().join("nowhere.db"), folder.path().join("link.db")).unwrap();
            assert!(prepare(&url("link.db"), IfMissing::Create).is_err());
            assert!(!folder.path().join("nowhere.db").exists());
        }
    }
}
