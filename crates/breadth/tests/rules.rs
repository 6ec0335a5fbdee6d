//! Rules that the sources keep.

use std::fs;
use std::path::{Path, PathBuf};

/// All sources but tests, whose macros name the library themselves.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_of_tests = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_of_tests {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_of_tests {
            found.push(path);
        }
    }
    found
}

/// If the library changes, only one file has to follow.
#[test]
fn one_file_names_the_internals_of_the_library() {
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(files.len() > 30, "{files:?}");
    // Examples in the documentation name it as users do.
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let names = |text: &str| text.lines().filter(is_code).any(|line| line.contains("async_graphql"));
    let naming = files.iter().filter(|path| names(&fs::read_to_string(path).unwrap()));
    let names: Vec<_> = naming.filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(names, ["bridge.rs"]);
}

/// Somebody with another domain can use it: nothing of ours is below it, and no database or server.
#[test]
fn it_depends_on_graphql_alone() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let (dependencies, _) = dependencies.split_once("[dev-dependencies]").unwrap();
    let lines = dependencies.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.filter_map(|line| line.split_once('=')?.0.split('.').next()).collect();
    let known = [
        "async-graphql",
        "async-graphql-value",
        "async-graphql-parser",
        "futures-util",
        "hashbrown",
        "serde",
        "serde_json",
    ];
    assert_eq!(names.iter().map(|name| name.trim()).collect::<Vec<_>>(), known);
}
