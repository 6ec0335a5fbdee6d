//! Checks that links between the documents lead to existing files and headings.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::blocks::{Item, items};
use super::{markdown_in, read, root};

/// The lines of a document outside its blocks.
fn prose(document: &str) -> Vec<String> {
    let lines = items(document).into_iter();
    lines.filter_map(|item| if let Item::Prose(line) = item { Some(line) } else { None }).collect()
}

/// The anchor that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
    kept.flat_map(char::to_lowercase).map(|char| if char == ' ' { '-' } else { char }).collect()
}

fn anchors(document: &str) -> BTreeSet<String> {
    let lines = prose(document);
    let headings = lines.iter().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

/// The targets of the links of a line.
fn targets(line: &str) -> Vec<String> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The path with `..` resolved.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::ParentDir => assert!(plain.pop(), "{}", path.display()),
            component => plain.push(component),
        }
        plain
    })
}

/// The problem of a link in a document, if there is one.
fn broken(path: &str, target: &str) -> Option<String> {
    if ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(path).parent().unwrap();
    let file = if file.is_empty() { PathBuf::from(path) } else { plain(&folder.join(file)) };
    let file = file.to_str().unwrap();
    if !root().join(file).exists() {
        return Some(format!("{path}: there is no {file}"));
    }
    let is_there = heading.is_empty() || anchors(&read(file)).contains(heading);
    (!is_there).then(|| format!("{path}: {file} has no heading for #{heading}"))
}

#[test]
fn all_links_resolve() {
    let folders = ["", "docs", "bench", "tests", "web/check", "web/playground", "crates/breadth"];
    let documents: Vec<String> = folders.iter().flat_map(|folder| markdown_in(folder)).collect();
    assert!(documents.len() > 15, "{documents:?}");
    let (mut links, mut wrong) = (0, Vec::new());
    for path in &documents {
        for target in prose(&read(path)).iter().flat_map(|line| targets(line)) {
            links += 1;
            wrong.extend(broken(path, &target));
        }
    }
    assert!(links > 50, "only {links} links were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The paths of this repository in backticks in a line.
fn named_paths(line: &str) -> Vec<&str> {
    let folders = ["src/", "tests/", "crates/", "migration/", "bench/", ".ci/"];
    let is_path = |text: &&str| {
        folders.iter().any(|folder| text.starts_with(folder)) && !text.contains([' ', '*', '<', '{', ':'])
    };
    line.split('`').skip(1).step_by(2).filter(is_path).collect()
}

#[test]
fn named_files_exist() {
    let documents: Vec<String> = ["", "docs", "tests"].iter().flat_map(|folder| markdown_in(folder)).collect();
    let (mut paths, mut wrong) = (0, Vec::new());
    for document in documents.iter().filter(|path| *path != "CHANGELOG.md") {
        for line in prose(&read(document)) {
            for path in named_paths(&line) {
                paths += 1;
                if !root().join(path).exists() {
                    wrong.push(format!("{document}: there is no {path}"));
                }
            }
        }
    }
    assert!(paths > 30, "only {paths} paths were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn broken_links_are_found() {
    assert_eq!(named_paths("see `src/note/patch.rs`, `note` and `tests/it`"), ["src/note/patch.rs", "tests/it"]);
    assert_eq!(broken("docs/errors.md", "../README.md"), None);
    assert_eq!(broken("docs/errors.md", "#errors"), None);
    assert!(broken("docs/errors.md", "README.md").is_some());
    assert!(broken("docs/errors.md", "../README.md#nothing-of-this-name").is_some());
    assert_eq!(anchor("Who `may` ask, and what"), "who-may-ask-and-what");
}
