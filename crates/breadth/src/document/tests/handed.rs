use async_graphql_parser::types::ExecutableDocument;

use super::read;

fn handed(text: &str) -> ExecutableDocument {
    ExecutableDocument::clone(&read(text).unwrap().document)
}

fn without_conditions(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(fields) => {
            if let Some(condition) = fields.get_mut("type_condition").and_then(|condition| condition.get_mut("pos")) {
                *condition = serde_json::Value::Null;
            }
            fields.values_mut().for_each(without_conditions);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_conditions),
        _ => {}
    }
}

/// Compares the converted document with that of the library's own parser, where both can parse the text.
#[test]
fn the_converted_document_equals_the_one_of_the_library() {
    for text in [
        "{ user { id } }",
        "query Q($f: Filter = {text: \"a\", least: -3}, $i: [ID!]! = [\"1\"], $s: Boolean = false) {\n  a: notes(filter: $f, first: 2) {\n    ...F\n    ... on Note @skip(if: $s) { tags }\n    ... @include(if: true) { parent { id } }\n  }\n  notes(filter: {ids: $i, not: {must: null}}) { text(lang: EN) }\n}\nfragment F on Note { find(f: 1.5e3) { id } }",
        "query A { user { id } }\r\nmutation B { add(input: {name: \"x\\n\\u00e9\"}) { id } }",
    ] {
        let theirs = async_graphql_parser::parse_query(text).unwrap();
        // The library reports the position of the word `on`.
        let json = |document: &ExecutableDocument| {
            let mut json = serde_json::to_value(document).unwrap();
            without_conditions(&mut json);
            json
        };
        assert_eq!(json(&handed(text)), json(&theirs), "{text}");
    }
}

#[test]
fn identifiers_keep_their_digits() {
    let document = handed("{ note(id: 123456789012345678901234567890) { id } }");
    let text = serde_json::to_string(&document).unwrap();
    assert!(text.contains("\"123456789012345678901234567890\""), "{text}");
}
