//! Writes the rejected records of an import to a file.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{CommandError, CommandResult};
use crate::json::object::compact;
use crate::store::private_file;

/// A file that this import has created. It is removed if no record was rejected.
pub struct Rejects {
    path: PathBuf,
    file: BufWriter<File>,
    is_empty: bool,
    failure: Option<std::io::Error>,
}

impl Rejects {
    /// Creates the file, readable by its owner alone.
    ///
    /// # Errors
    /// If it exists: it may be the input, the database, or the rejects of another import.
    pub fn create(path: &Path) -> CommandResult<Self> {
        let name = path.display();
        let file = private_file::create_new(path).map_err(|error| {
            CommandError::new(if error.kind() == ErrorKind::AlreadyExists {
                format!("the file `{name}` already exists, and --rejects does not overwrite files; choose another name")
            } else {
                format!("cannot write the rejected records to `{name}`: {error}")
            })
        })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), is_empty: true, failure: None })
    }

    /// Adds a record on one line, as it was written; if it spans several lines, the white space between tokens is
    /// removed.
    pub fn add(&mut self, raw: &[u8]) {
        self.is_empty = false;
        let text = match std::str::from_utf8(raw) {
            Ok(text) if raw.contains(&b'\n') => self.file.write_all(compact(text).as_bytes()),
            _ => self.file.write_all(raw),
        };
        if let Err(error) = text.and_then(|()| self.file.write_all(b"\n")) {
            self.failure.get_or_insert(error);
        }
    }

    /// Flushes the file. Dropping this removes a file without records.
    ///
    /// # Errors
    /// If a record could not be written.
    pub fn finish(mut self) -> CommandResult {
        let written = match self.failure.take() {
            Some(error) => Err(error),
            None => self.file.flush(),
        };
        written.map_err(|error| CommandError::new(format!("the file of rejected records is incomplete: {error}")))
    }
}

impl Drop for Rejects {
    fn drop(&mut self) {
        if self.is_empty {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
