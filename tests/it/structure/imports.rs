//! Reads which file of a crate imports which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The path of a module from the root of the crate.
pub type Module = Vec<String>;

/// The files of a crate, without those of tests, and without `main.rs` and `lib.rs`, which stand above all others.
pub struct Sources {
    /// The paths of the files, by their modules.
    pub files: BTreeMap<Module, String>,
    pub imports: Vec<Import>,
    /// The places that name something of another crate, with its path.
    pub foreign: Vec<(String, Module)>,
}

/// A file names something of another one, in a `use` or in the middle of the code.
pub struct Import {
    /// The file and the line, such as `src/note/load/by_key.rs:12`.
    pub place: String,
    pub from: Module,
    /// The module of the file that defines what is named.
    pub to: Module,
}

/// A path in a file, such as `super::pool::Pool`, and the name that it has there.
struct Named {
    line: usize,
    path: Vec<String>,
    alias: String,
    is_exported: bool,
}

/// A file, without comments and unit tests.
struct Source {
    named: Vec<Named>,
    /// The modules that it declares.
    children: BTreeSet<String>,
    /// All words outside of `use` and `mod`.
    words: BTreeSet<String>,
}

/// Reads the crate whose code is in this folder of the repository.
pub fn read(root: &Path, crate_folder: &str) -> Sources {
    let (mut files, mut sources) = (BTreeMap::new(), BTreeMap::new());
    let src = root.join(crate_folder);
    // Tells which files define what is named by the root of the crate.
    if let Ok(text) = std::fs::read_to_string(src.join("lib.rs")) {
        sources.insert(Module::new(), Source::read(&text));
    }
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&src).unwrap().to_str().unwrap();
            let Some(stem) = name.strip_suffix(".rs").filter(|stem| !["main", "lib"].contains(stem)) else { continue };
            let module: Module = stem.strip_suffix("/mod").unwrap_or(stem).split('/').map(str::to_owned).collect();
            if module.iter().any(|name| name.ends_with("tests")) {
                continue;
            }
            files.insert(module.clone(), format!("{crate_folder}/{name}"));
            sources.insert(module, Source::read(&std::fs::read_to_string(&path).unwrap()));
        }
    }
    let (mut imports, mut foreign) = (Vec::new(), Vec::new());
    for (from, file) in &files {
        let source = &sources[from];
        for named in &source.named {
            // A `mod.rs` hands on what its children define; that is no import, unless it uses it, too.
            if named.is_exported && file.ends_with("/mod.rs") && !source.words.contains(&named.alias) {
                continue;
            }
            let path = source.absolute(from, &named.path);
            if path.is_none() {
                foreign.push((format!("{file}:{}", named.line), named.path.clone()));
            }
            let to = path.and_then(|path| defined_in(&sources, &path));
            if let Some(to) = to.filter(|to| to != from && files.contains_key(to)) {
                imports.push(Import { place: format!("{file}:{}", named.line), from: from.clone(), to });
            }
        }
    }
    Sources { files, imports, foreign }
}

/// The module that defines what a path names: the innermost one on the path, or the one that it is re-exported from.
fn defined_in(sources: &BTreeMap<Module, Source>, path: &[String]) -> Option<Module> {
    let length = (0..=path.len()).rev().find(|length| sources.contains_key(&path[..*length]))?;
    let (module, rest) = path.split_at(length);
    let source = &sources[module];
    let exported = rest.first().and_then(|name| {
        let exported = source.named.iter().find(|named| named.is_exported && named.alias == *name)?;
        source.absolute(module, &exported.path).filter(|target| target != path)
    });
    match exported {
        Some(target) => defined_in(sources, &target),
        None => Some(module.to_vec()),
    }
}

impl Source {
    fn read(text: &str) -> Self {
        let mut source = Self { named: Vec::new(), children: BTreeSet::new(), words: BTreeSet::new() };
        let mut code = Vec::new();
        // Unit tests stand at the end.
        let text = text.split("\nmod tests {").next().unwrap_or_default();
        let mut lines = (1..).zip(text.lines().map(uncommented));
        while let Some((line, text)) = lines.next() {
            if let Some((is_exported, tree)) = after("use ", text) {
                let mut tree = tree.to_owned();
                while !tree.contains(';') {
                    tree.push_str(lines.next().unwrap_or_else(|| panic!("`{tree}` does not end")).1);
                }
                let mut paths = Vec::new();
                leaves(tree.trim_end_matches(';'), &[], &mut paths);
                source.named.extend(paths.into_iter().map(|(path, alias)| Named { line, path, alias, is_exported }));
            } else if let Some((_, child)) = after("mod ", text).filter(|(_, child)| child.ends_with(';')) {
                source.children.insert(child.trim_end_matches(';').to_owned());
            } else {
                code.push((line, text));
            }
        }
        for (line, text) in code {
            for path in text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':') {
                let path = segments(path);
                source.words.extend(path.iter().cloned());
                if path.len() > 1 {
                    source.named.push(Named { line, path, alias: String::new(), is_exported: false });
                }
            }
        }
        source
    }

    /// A path of this file, from the root of the crate; `None` if it leads out of the crate, or begins with a type.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let within = |module: &[String], rest: &[String]| Some([module, rest].concat());
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => within(module, rest),
            "super" => {
                let above = path.iter().take_while(|segment| *segment == "super").count();
                within(module.get(..module.len().checked_sub(above)?)?, path.get(above..)?)
            }
            child => self.children.contains(child).then(|| [module, path].concat()),
        }
    }
}

fn uncommented(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at]).trim()
}

/// The rest of a line that begins with this keyword, and whether it makes something public.
fn after<'l>(keyword: &str, line: &'l str) -> Option<(bool, &'l str)> {
    let (before, rest) = line.split_once(keyword)?;
    match before {
        "" => Some((false, rest)),
        "pub " | "pub(crate) " | "pub(super) " => Some((true, rest)),
        _ => None,
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split("::")
        .map(|segment| segment.trim_matches([':', ' ']))
        .filter(|segment| !segment.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The paths of a `use`, with their names.
fn leaves(tree: &str, prefix: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    if let Some((start, group)) = tree.strip_suffix('}').and_then(|tree| tree.split_once('{')) {
        let prefix = [prefix, segments(start).as_slice()].concat();
        let mut depth = 0_u32;
        let parts = group.split(|letter: char| {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            letter == ',' && depth == 0
        });
        parts.for_each(|part| leaves(part, &prefix, found));
    } else if !tree.is_empty() {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path = [prefix, segments(path).as_slice()].concat();
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let alias = if alias.is_empty() { path.last().cloned().unwrap_or_default() } else { alias.to_owned() };
        found.push((path, alias));
    }
}
