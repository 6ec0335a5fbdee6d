//! Only `src/store/db` knows which database it talks to; everything else asks its dialect for what it wants. This reads
//! the sources, without their comments and tests, which may know it too.

use std::fs;
use std::path::{Path, PathBuf};

/// The kinds of databases, in names of any spelling.
const KINDS: [&str; 3] = ["backend", "postgres", "sqlite"];
/// Words of SQL that only one database understands.
const SQL: [&str; 15] = [
    "FTS5",
    "LATERAL",
    "PRAGMA",
    "information_schema",
    "instr",
    "json_each",
    "jsonb",
    "likelihood",
    "nextval",
    "rowid",
    "sqlite_master",
    "sqlite_schema",
    "strpos",
    "tsquery",
    "unnest",
];
/// Texts that addresses of databases are compared with.
const SCHEMES: [&str; 5] = ["sqlite:", "sqlite://", "postgres:", "postgres://", "postgresql://"];

#[test]
fn only_the_database_layer_knows_which_database_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    files.sort();
    assert!(files.len() > 100, "{files:?}");
    let layer = root.join("src/store/db");
    let found: Vec<String> = files
        .iter()
        .filter(|path| !path.starts_with(&layer) && !path.ends_with("tests.rs"))
        .flat_map(|path| {
            let name = path.strip_prefix(root).unwrap().display();
            let branches = branches(&fs::read_to_string(path).unwrap());
            branches.into_iter().map(move |(line, word)| format!("{name}:{line}: {word}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(
        found.is_empty(),
        "these places depend on the kind of the database:\n{}\nGive the difference a name and a method in \
         src/store/db/dialect, and ask `db.dialect()` or `Dialect::of(connection)` for it.",
        found.join("\n")
    );
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// What depends on the kind of the database in a file, each with its line.
fn branches(source: &str) -> Vec<(usize, String)> {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap();
    let mut found = Vec::new();
    for (line, piece) in pieces(code) {
        let words = |text: &str| -> Vec<String> {
            text.split(|char: char| !char.is_alphanumeric() && char != '_').map(str::to_owned).collect()
        };
        match piece {
            Piece::Code(text) => {
                let is_kind = |word: &String| KINDS.iter().any(|kind| word.to_lowercase().contains(kind));
                found.extend(words(&text).into_iter().filter(is_kind).map(|word| (line, word)));
            }
            Piece::Text(text) if SCHEMES.contains(&text.as_str()) => found.push((line, text)),
            Piece::Text(text) => {
                let is_sql = |word: &String| SQL.contains(&word.as_str());
                found.extend(words(&text).into_iter().filter(is_sql).map(|word| (line, word)));
            }
        }
    }
    found
}

enum Piece {
    Code(String),
    /// The content of a string, as it is written.
    Text(String),
}

/// The code and the strings of a file, line by line, each with the number of its line.
fn pieces(source: &str) -> Vec<(usize, Piece)> {
    let mut pieces = Vec::new();
    let (mut line, mut rest, mut code) = (1, source, String::new());
    while let Some(next) = rest.chars().next() {
        let hashes = rest.strip_prefix('r').map_or("", |raw| &raw[..raw.len() - raw.trim_start_matches('#').len()]);
        let raw = format!("r{hashes}\"");
        let follows_name = code.ends_with(|last: char| last.is_alphanumeric() && last != 'b' || last == '_');
        let (length, text) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), None)
        } else if rest.starts_with(&raw) && !follows_name {
            let content = &rest[raw.len()..];
            let end = content.find(&format!("\"{hashes}")).unwrap();
            (raw.len() + end + 1 + hashes.len(), Some(&content[..end]))
        } else if next == '"' {
            let end = closing(&rest[1..], '"');
            (end + 2, Some(&rest[1..=end]))
        } else if next == '\'' && is_char(rest) {
            (closing(&rest[1..], '\'') + 2, None)
        } else {
            code.push(next);
            if next == '\n' {
                pieces.push((line, Piece::Code(std::mem::take(&mut code))));
                line += 1;
            }
            rest = &rest[next.len_utf8()..];
            continue;
        };
        pieces.push((line, Piece::Code(std::mem::take(&mut code))));
        for (index, text) in text.into_iter().flat_map(str::lines).enumerate() {
            pieces.push((line + index, Piece::Text(text.to_owned())));
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    pieces.push((line, Piece::Code(code)));
    pieces
}

/// The position of the quote that ends a literal.
fn closing(content: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let end = content.char_indices().find(|(_, char)| {
        let ends = *char == quote && !is_escaped;
        is_escaped = *char == '\\' && !is_escaped;
        ends
    });
    end.unwrap().0
}

/// Whether this begins with a character rather than a lifetime.
fn is_char(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        _ => chars.next() == Some('\''),
    }
}

#[test]
fn a_branch_is_found_wherever_it_stands() {
    let source = r##"
// DatabaseBackend in a comment
fn one<'a>(db: &'a Db, quote: char) { // json_each in a comment
    if quote == '"' && db.backend() == DatabaseBackend::Postgres {
        run("SELECT value FROM json_each(?), \
             \"a\" /* unnest($1) */");
        run(r#"SELECT "a" FROM unnest($1)"#);
    }
    is_sqlite(db) || url.starts_with("sqlite:") || url == "sqlite://notegraph.db"; // sqlite
    let _ = ("PostgreSQL has no instruments", '\'', "a" /* backend */);
}

#[cfg(test)]
mod tests {
    const DATABASE: DatabaseBackend = DatabaseBackend::Sqlite;
}
"##;
    let found = branches(source);
    let found: Vec<(usize, &str)> = found.iter().map(|(line, word)| (*line, word.as_str())).collect();
    assert_eq!(
        found,
        [
            (4, "backend"),
            (4, "DatabaseBackend"),
            (4, "Postgres"),
            (5, "json_each"),
            (6, "unnest"),
            (7, "unnest"),
            (9, "is_sqlite"),
            (9, "sqlite:"),
        ]
    );
}
