//! Files that hold what only their owner may read.

use std::fs::{File, OpenOptions};
use std::path::Path;

/// Makes a file that is not there yet, for its owner alone (mode 0600 on Unix, whatever the umask), and opens it for
/// writing. Follows no symbolic link.
///
/// # Errors
/// When there is anything of this name already, or the file cannot be made.
pub fn create_new(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
