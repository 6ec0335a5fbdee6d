//! Checks that lists in the documents are complete.

use std::collections::BTreeSet;

use super::read;

/// The texts in backticks in the first cells of the tables of a document.
fn first_cells(document: &str) -> BTreeSet<String> {
    let cells = document.lines().filter_map(|line| line.strip_prefix("| `"));
    cells.filter_map(|rest| rest.split_once('`')).map(|(word, _)| word.to_owned()).collect()
}

/// The lines of a definition in the schema, without its descriptions.
fn definition(schema: &str, head: &str) -> Vec<String> {
    let lines = schema.lines().skip_while(|line| *line != format!("{head} {{")).skip(1);
    let lines = lines.take_while(|line| *line != "}").map(|line| line.trim().to_owned());
    lines.filter(|line| !line.is_empty() && line.chars().all(|char| char.is_ascii_uppercase() || char == '_')).collect()
}

#[test]
fn all_codes_of_user_errors_are_explained() {
    let codes = definition(&read("schema.graphql"), "enum ErrorCode");
    assert!(codes.len() > 10, "{codes:?}");
    let explained = first_cells(&read("docs/errors.md"));
    let missing: Vec<_> = codes.iter().filter(|code| !explained.contains(*code)).collect();
    assert!(missing.is_empty(), "docs/errors.md does not explain {missing:?}");
}

#[test]
fn all_scopes_are_explained() {
    let scopes: BTreeSet<String> = definition(&read("schema.graphql"), "enum Scope").into_iter().collect();
    assert_eq!(first_cells(&read("docs/authentication.md")), scopes);
}

/// The figures of the README equal those of the last run of the comparison.
#[test]
fn the_figures_of_the_readme_equal_the_results() {
    let results = read("bench/RESULTS.md");
    let readme = read("README.md");
    let (_, table) = readme.split_once("<!-- figures -->").expect("README.md marks its table of figures");
    let rows: Vec<&str> = table.lines().skip(3).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 5, "{rows:?}");
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).filter(|cell| !cell.is_empty()).skip(1).collect();
        assert_eq!(cells.len(), 3, "{row}");
        for (cell, server) in cells.iter().zip(["notegraph", "", "by hand, with token look-up"]) {
            let (figure, named) = cell.split_once(' ').unwrap_or((cell, server));
            let named = named.trim_matches(['(', ')']);
            let is_measured = results
                .lines()
                .any(|line| line.starts_with(&format!("| {named}")) && line.contains(&format!(" | {figure} (")));
            assert!(is_measured, "bench/RESULTS.md has no {figure} requests a second of {named:?}: {row}");
        }
    }
}
