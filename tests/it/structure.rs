//! The structure of the code: imports between the modules of `src` and of breadth run one way, in the orders that
//! `ARCHITECTURE.md` and the README of breadth state, and in no crate do files import each other in a circle. Only
//! breadth names the inner modules of async-graphql. Unit tests may import what they like. Folders and files are small
//! enough to take in.

mod imports;
mod sizes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imports::{Import, Module, Sources};

/// The folders with the code of all crates.
const CRATES: [&str; 4] = ["src", "crates/breadth/src", "crates/testkit/src", "migration/src"];

/// The only circle: a note shows its messages, and a message shows its note.
const NOTE_AND_MESSAGE: [&str; 3] = ["src/note/message/object.rs", "src/note/message/page.rs", "src/note/object.rs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where a text states the order of modules: the crate, the text, and its section.
const ORDERS: [(&str, &str, &str); 2] = [
    ("src", "ARCHITECTURE.md", "The order of modules"),
    ("crates/breadth/src", "crates/breadth/README.md", "The order of files"),
];

/// The lines of an order, from the top, each with its modules.
fn order(text: &str, section: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join(text)).unwrap();
    let section = text.split(&format!("\n## {section}\n")).nth(1).unwrap_or_else(|| panic!("no section \"{section}\""));
    let block = section.split("```").nth(1).expect("a block with the order");
    let lines = block.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect());
    lines.collect()
}

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    for (crate_folder, text, section) in ORDERS {
        let Sources { files, imports, .. } = imports::read(root(), crate_folder);
        let order = order(text, section);
        let level: BTreeMap<&str, usize> = order
            .iter()
            .enumerate()
            .flat_map(|(level, line)| line.iter().map(move |name| (name.as_str(), level)))
            .collect();
        let modules: BTreeSet<&str> = files.keys().map(|module| module[0].as_str()).collect();
        assert_eq!(
            modules,
            level.keys().copied().collect::<BTreeSet<_>>(),
            "the modules of {crate_folder}, and those in the order of {text}"
        );
        for import in &imports {
            let (from, to) = (import.from[0].as_str(), import.to[0].as_str());
            if from != to && level[to] <= level[from] {
                wrong.push(format!(
                    "{}: `{from}` imports `{}`, but {text} has it below `{to}` or beside it: move what it needs to \
                     `{from}` or below, pass it as a value, or let `{to}` implement a trait of `{from}`",
                    import.place,
                    import.to.join("::"),
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "against the order of modules:\n{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut wrong = Vec::new();
    for crate_folder in CRATES {
        let Sources { files, imports, .. } = imports::read(root(), crate_folder);
        assert!(!files.is_empty(), "{crate_folder} contains no files");
        for circle in circles(&files, &imports) {
            let paths: Vec<&str> = circle.iter().map(|module| files[*module].as_str()).collect();
            if paths == NOTE_AND_MESSAGE {
                continue;
            }
            wrong.push(format!("{}:", paths.join(", ")));
            for import in imports.iter().filter(|import| circle.contains(&import.from) && circle.contains(&import.to)) {
                wrong.push(format!("    {} imports {}", import.place, files[&import.to]));
            }
        }
    }
    // A line that imports several names of a file counts once.
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "files import each other in a circle. Move what two of them share to a file below both, or let the upper one \
         implement a trait of the lower one.\n{}",
        wrong.join("\n")
    );
}

/// The modules of each circle. Circles that touch are one.
fn circles<'m>(files: &'m BTreeMap<Module, String>, imports: &'m [Import]) -> BTreeSet<BTreeSet<&'m Module>> {
    let mut arrows: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for import in imports {
        arrows.entry(&import.from).or_default().insert(&import.to);
    }
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = files.keys().map(|from| (from, reach(from, &arrows))).collect();
    let circle = |(from, all): (&&Module, &BTreeSet<&'m Module>)| -> BTreeSet<&Module> {
        all.iter().copied().filter(|to| reached[to].contains(from)).collect()
    };
    reached.iter().map(circle).filter(|circle| !circle.is_empty()).collect()
}

/// Maximum number of source files in a folder, with its `mod.rs` and without those of its folders. Longer lists are
/// searched, not read.
const MAX_FILES: usize = 15;

/// Maximum number of lines of a source file.
const MAX_LINES: usize = 400;

/// `src` and the crates, for which both limits hold. The folders of tests are lists of topics, one a file, and the folder
/// of migrations is a list of changes; both are read by name, so only the length of their files is limited.
const SMALL_FOLDERS: [&str; 2] = ["src", "crates"];
const LISTS: [&str; 2] = ["tests", "migration/src"];

#[test]
fn no_folder_has_more_files_than_a_reader_takes_in() {
    let mut wrong = Vec::new();
    for (folder, files) in SMALL_FOLDERS.iter().flat_map(|top| sizes::folders(root(), top)) {
        if files.len() > MAX_FILES {
            wrong.push(format!("{}: {} files", folder.display(), files.len()));
        }
    }
    assert!(
        wrong.is_empty(),
        "a folder has at most {MAX_FILES} source files. Move those that serve one purpose to a folder with its name, \
         whose `mod.rs` says in a line what the purpose is:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_file_is_longer_than_a_reader_takes_in() {
    let mut wrong = Vec::new();
    let tops = SMALL_FOLDERS.iter().chain(&LISTS);
    for file in tops.flat_map(|top| sizes::folders(root(), top)).flat_map(|(_, files)| files) {
        let lines = std::fs::read_to_string(root().join(&file)).unwrap().lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{}: {lines} lines", file.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "a source file has at most {MAX_LINES} lines. Move one of its purposes to a file with a name of its own:\n{}",
        wrong.join("\n")
    );
}

/// Modules of async-graphql that change with its versions. breadth re-exports what is needed of them.
const INNER: [&str; 3] = ["parser", "registry", "resolver_utils"];

#[test]
fn the_inner_modules_of_async_graphql_are_named_by_breadth_alone() {
    let Sources { foreign, .. } = imports::read(root(), "src");
    let of_library = |path: &Module| path.first().is_some_and(|first| first == "async_graphql");
    assert!(foreign.iter().any(|(_, path)| of_library(path)), "no file of src names async_graphql");
    let wrong: Vec<String> = foreign
        .iter()
        .filter(|(_, path)| of_library(path) && path.get(1).is_some_and(|module| INNER.contains(&module.as_str())))
        .map(|(place, path)| format!("{place}: {}", path.join("::")))
        .collect();
    assert!(wrong.is_empty(), "take these from `breadth`, which re-exports them:\n{}", wrong.join("\n"));
}

/// All modules that can be reached from one; it is one of them only if it stands in a circle.
fn reach<'m>(from: &Module, arrows: &BTreeMap<&'m Module, BTreeSet<&'m Module>>) -> BTreeSet<&'m Module> {
    let mut reached = BTreeSet::new();
    let mut left: Vec<&Module> = arrows.get(from).into_iter().flatten().copied().collect();
    while let Some(module) = left.pop() {
        if reached.insert(module) {
            left.extend(arrows.get(module).into_iter().flatten());
        }
    }
    reached
}
