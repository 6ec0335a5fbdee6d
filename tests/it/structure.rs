//! The structure of `src`: imports between its modules run one way, in the order that `ARCHITECTURE.md` states, and no
//! files import each other in a circle. Only breadth names the inner modules of async-graphql. Unit tests may import what
//! they like.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imports::{Module, Sources};

/// The only circle: a note shows its messages, and a message shows its note.
const NOTE_AND_MESSAGE: [&str; 3] = ["src/note/message/object.rs", "src/note/message/page.rs", "src/note/object.rs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of the order in `ARCHITECTURE.md`, from the top, each with its modules.
fn order() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split("\n## The order of modules\n").nth(1).expect("a section \"The order of modules\"");
    let block = section.split("```").nth(1).expect("a block with the order");
    let lines = block.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect());
    lines.collect()
}

#[test]
fn imports_run_one_way() {
    let Sources { files, imports, .. } = imports::read(&root().join("src"));
    let order = order();
    let level: BTreeMap<&str, usize> = order
        .iter()
        .enumerate()
        .flat_map(|(level, line)| line.iter().map(move |name| (name.as_str(), level)))
        .collect();
    let modules: BTreeSet<&str> = files.keys().map(|module| module[0].as_str()).collect();
    assert_eq!(
        modules,
        level.keys().copied().collect::<BTreeSet<_>>(),
        "the modules of src, and those in the order of ARCHITECTURE.md"
    );
    let mut wrong = Vec::new();
    for import in &imports {
        let (from, to) = (import.from[0].as_str(), import.to[0].as_str());
        if from != to && level[to] <= level[from] {
            wrong.push(format!(
                "{}: `{from}` imports `{}`, but stands below `{to}` or beside it: move what it needs to `{from}` or \
                 below, pass it as a value, or let `{to}` implement a trait of `{from}`",
                import.place,
                import.to.join("::"),
            ));
        }
    }
    assert!(wrong.is_empty(), "against the order of modules in ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let Sources { files, imports, .. } = imports::read(&root().join("src"));
    let mut arrows: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for import in &imports {
        arrows.entry(&import.from).or_default().insert(&import.to);
    }
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = files.keys().map(|from| (from, reach(from, &arrows))).collect();
    let circles: BTreeSet<BTreeSet<&Module>> = reached
        .iter()
        .map(|(from, all)| all.iter().copied().filter(|to| reached[to].contains(from)).collect())
        .filter(|circle: &BTreeSet<&Module>| !circle.is_empty())
        .collect();
    let mut wrong = Vec::new();
    for circle in circles {
        let paths: Vec<&str> = circle.iter().map(|module| files[*module].as_str()).collect();
        if paths == NOTE_AND_MESSAGE {
            continue;
        }
        wrong.push(format!("{}:", paths.join(", ")));
        for import in imports.iter().filter(|import| circle.contains(&import.from) && circle.contains(&import.to)) {
            wrong.push(format!("    {} imports {}", import.place, files[&import.to]));
        }
    }
    assert!(
        wrong.is_empty(),
        "files import each other in a circle. Move what two of them share to a file below both, or let the upper one \
         implement a trait of the lower one.\n{}",
        wrong.join("\n")
    );
}

/// Modules of async-graphql that change with its versions. breadth re-exports what is needed of them.
const INNER: [&str; 3] = ["parser", "registry", "resolver_utils"];

#[test]
fn the_inner_modules_of_async_graphql_are_named_by_breadth_alone() {
    let Sources { foreign, .. } = imports::read(&root().join("src"));
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
