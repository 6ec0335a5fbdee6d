use async_graphql::Variables;
use breadth::document::{self, DocumentError};
use notegraph::schema;
use notegraph::schema::query_limits::{QueryLimits, query_cost};
use proptest::collection::vec;
use proptest::prelude::*;

use super::fuzz;

fn token() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "!",
        "$",
        "&",
        "...",
        ":",
        "=",
        "@",
        "|",
        ",",
        "\"",
        "\"\"\"",
        "\\\"\"\"",
        "\\",
        "\n",
        "\r",
        "#",
        "query",
        "mutation",
        "fragment",
        "on",
        "Query",
        "notes",
        "nodes",
        "first",
        "edges",
        "a",
        "f0",
        "f1",
        "...f0",
        "...f1",
        "$a",
        "100",
        "-1",
        "1.5e9",
        "null",
        "true",
        "@skip(if: $a)",
        "fragment f0 on Query {",
        "fragment f1 on Note {",
        "query a($a: Int = 3) {",
        "notes(first: 100) { nodes {",
        "\"\\u0041\"",
        "\"\\uD83D\"",
        "\u{feff}",
        "é",
        "\0",
    ]);
    prop_oneof![
        12 => known.prop_map(str::to_owned),
        2 => "[_A-Za-z][_0-9A-Za-z]{0,8}",
        1 => "-?[0-9]{1,20}(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,4})?",
        1 => any::<String>(),
    ]
}

fn document() -> impl Strategy<Value = String> {
    let run = (token(), prop_oneof![20 => Just(1usize), 2 => 2..80usize, 1 => 80..4_000usize]);
    let runs = vec((run, prop::sample::select(vec!["", " "])), 0..60);
    runs.prop_map(|runs| {
        runs.into_iter().map(|((token, times), blank)| format!("{token}{blank}").repeat(times)).collect()
    })
}

/// Any text is read to its end, valid documents are handed over, and the estimate of their cost terminates.
#[test]
fn any_text_is_parsed_and_costed() {
    let (schema, limits) = (schema::build(), QueryLimits::default());
    fuzz("gate", 2_000, &document(), |text| {
        match document::read(schema.types(), text, limits.parser_limits(), &limits.document_limits()) {
            Ok(checked) => {
                // Either result is correct.
                let _ = query_cost(schema.types(), &checked.document, &Variables::default(), &limits);
                let _ = checked.operation(None).map(|one| one.variables(schema.types(), Variables::default()));
                Ok(())
            }
            Err(DocumentError::Syntax(error)) if error.locations.len() == 1 => Ok(()),
            Err(DocumentError::Invalid(errors)) if errors.iter().all(|error| !error.locations.is_empty()) => Ok(()),
            Err(DocumentError::TooMuch(message)) if message.len() < 200 => Ok(()),
            Err(refused) => Err(format!("{refused:?}")),
        }
    });
}
