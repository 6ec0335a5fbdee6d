//! Reads how many source files each folder has, and how long they are.

use std::path::{Path, PathBuf};

/// The source files of a folder and of all folders in it, by folder.
pub fn folders(root: &Path, top: &str) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let (mut left, mut folders) = (vec![root.join(top)], Vec::new());
    while let Some(folder) = left.pop() {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
        folders.push((folder.strip_prefix(root).unwrap().to_owned(), files));
    }
    folders
}
