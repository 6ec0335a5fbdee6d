//! Files that only their owner may read.

use std::fs::{File, OpenOptions};
use std::path::Path;

/// Creates a new file, readable and writable by its owner alone (mode 0600 on Unix, whatever the umask), and opens it
/// for writing. Does not follow symbolic links.
///
/// # Errors
/// If the path exists, or the file cannot be created.
pub fn create_new(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
