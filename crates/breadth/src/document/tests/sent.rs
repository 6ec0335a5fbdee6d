use async_graphql::Variables;

use super::{read, schema};
use crate::document::OperationKind;

fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// The coerced variables, or the errors.
fn variables(text: &str, sent: &str) -> Result<String, Vec<String>> {
    let checked = read(text).unwrap();
    let sent = Variables::from_json(value(sent));
    match checked.operation(None).unwrap().variables(&schema(), sent) {
        Ok(variables) => Ok(serde_json::to_string(&variables).unwrap()),
        Err(errors) => Err(errors.into_iter().map(|error| error.message).collect()),
    }
}

#[test]
fn variables_are_coerced_to_their_declared_types() {
    let takes = |ty: &str, sent: &str, expected: &str| {
        let text = format!("query($v: {ty}) {{ notes(filter: {{text: $x}}) {{ id }} }}");
        let place = match ty.trim_start_matches('[').split(['!', ']', ' ']).next() {
            Some("Int") => "notes(first: $v) { id }",
            Some("ID") if ty.starts_with('[') => "notes(filter: {ids: $v}) { id }",
            Some("ID") => "note(id: $v) { id }",
            Some("Filter") => "notes(filter: $v) { id }",
            Some("Float") => "note(id: 1) { find(f: $v) { id } }",
            Some("Language") => "note(id: 1) { text(lang: $v) }",
            Some("Boolean") => "user @skip(if: $v) { id }",
            _ => "notes(filter: {text: $v}) { id }",
        };
        let text = format!("{} {{ {place} }}", text.split(" {").next().unwrap());
        assert_eq!(variables(&text, sent).as_deref(), Ok(expected), "{text} {sent}");
    };
    takes("Int", r#"{"v": 2.0}"#, r#"{"v":2}"#);
    takes("Int", r#"{"v": 2e0}"#, r#"{"v":2}"#);
    takes("Int", r#"{"v": null}"#, r#"{"v":null}"#);
    takes("Int", r#"{"other": 1}"#, r"{}");
    takes("Int = 7", r"{}", r#"{"v":7}"#);
    takes("Int = 7", r#"{"v": null}"#, r#"{"v":null}"#);
    takes("ID!", r#"{"v": 12345678901234567890}"#, r#"{"v":"12345678901234567890"}"#);
    takes("ID! = 5", r"{}", r#"{"v":"5"}"#);
    takes("[ID!]", r#"{"v": 1}"#, r#"{"v":["1"]}"#);
    takes("[ID!] = 1", r"{}", r#"{"v":["1"]}"#);
    takes("Float", r#"{"v": 3}"#, r#"{"v":3}"#);
    takes("Language", r#"{"v": "EN"}"#, r#"{"v":"EN"}"#);
    takes("Filter", r#"{"v": {"ids": 1, "not": {"least": 4.0}}}"#, r#"{"v":{"ids":["1"],"not":{"least":4}}}"#);
}

#[test]
fn invalid_variables_are_refused() {
    let filter = "query($v: Filter) { notes(filter: $v) { id } }";
    let first = "query($v: Int) { notes(first: $v) { id } }";
    for (text, sent, expected) in [
        (first, r#"{"v": "1"}"#, "Variable \"$v\" has invalid value: Int cannot represent non-integer value: \"1\""),
        (first, r#"{"v": 2.5}"#, "Variable \"$v\" has invalid value: Int cannot represent non-integer value: 2.5"),
        (
            first,
            r#"{"v": 2147483648}"#,
            "Variable \"$v\" has invalid value: Int cannot represent non 32-bit signed integer value: 2147483648",
        ),
        (first, r#"{"v": [1]}"#, "Variable \"$v\" has invalid value: Int cannot represent non-integer value: [1]"),
        (
            "query($v: ID!) { note(id: $v) { id } }",
            r#"{"v": [1.0, {"a": {"b": {"c": 1}}}]}"#,
            "Variable \"$v\" has invalid value: ID cannot represent value: [1, { a: [Object] }]",
        ),
        (
            "query($v: ID!) { note(id: $v) { id } }",
            "{}",
            "Variable \"$v\" has invalid value: Expected a value of non-null type \"ID!\" to be provided.",
        ),
        (
            "query($v: ID!) { note(id: $v) { id } }",
            r#"{"v": null}"#,
            "Variable \"$v\" has invalid value: Expected value of non-null type \"ID!\" not to be null.",
        ),
        (
            "query($v: ID = 1) { note(id: $v) { id } }",
            r#"{"v": null}"#,
            "Variable \"$v\" has invalid value: Expected a value that is not null, as it is used where \"ID!\" is expected.",
        ),
        (
            filter,
            r#"{"v": {"ids": ["1", null]}}"#,
            "Variable \"$v\" has invalid value at .ids[1]: Expected value of non-null type \"ID!\" not to be null.",
        ),
        (
            filter,
            r#"{"v": {"nope": 1}}"#,
            "Variable \"$v\" has invalid value: Expected value of type \"Filter\" not to include unknown field \"nope\", found: { nope: 1 }.",
        ),
        (
            filter,
            r#"{"v": "x"}"#,
            "Variable \"$v\" has invalid value: Expected value of type \"Filter\" to be an object, found: \"x\".",
        ),
        (
            filter,
            r#"{"v": {"must": 1}}"#,
            "Variable \"$v\" has invalid value at .must: Boolean cannot represent a non boolean value: 1",
        ),
        (
            "query($v: Language) { note(id: 1) { text(lang: $v) } }",
            r#"{"v": "de"}"#,
            "Variable \"$v\" has invalid value: Value \"de\" does not exist in \"Language\" enum. It has DE, EN.",
        ),
        (
            "mutation($v: New!) { add(input: $v) { id } }",
            r#"{"v": {"name": "a", "many": [{}]}}"#,
            "Variable \"$v\" has invalid value at .many[0]: Expected value of type \"New\" to include required field \"name\", found: {}.",
        ),
        (
            "query($v: By) { note(id: 1) { find(by: $v) { id } } }",
            r#"{"v": {"id": null}}"#,
            "Variable \"$v\" has invalid value at .id: Within OneOf Input Object type \"By\", exactly one field must be specified, and the value for that field must be non-null.",
        ),
    ] {
        assert_eq!(variables(text, sent), Err(vec![expected.to_owned()]), "{text} {sent}");
    }
}

/// Arguments of an excluded field are not evaluated: null is refused where it arrives, and before anything runs.
#[test]
fn null_is_refused_where_the_field_is_selected() {
    let refused = "Variable \"$n\" has invalid value: Expected a value that is not null, as it is used where \"Int!\" is \
                   expected.";
    for (text, sent, is_taken) in [
        ("query($n: Int, $s: Boolean!) { note(id: 1) { text(size: $n) @skip(if: $s) id } }", r#"{"n": null, "s": true}"#, true),
        ("query($n: Int, $s: Boolean!) { note(id: 1) { text(size: $n) @skip(if: $s) id } }", r#"{"n": null, "s": false}"#, false),
        ("query($n: Int, $s: Boolean!) { note(id: 1) @include(if: $s) { text(size: $n) } }", r#"{"n": null, "s": false}"#, true),
        ("query($n: Int, $s: Boolean!) { note(id: 1) @include(if: $s) { text(size: $n) } }", r#"{"n": null, "s": true}"#, false),
        ("query($n: Int) { note(id: 1) { text(size: $n) @skip(if: true) id } }", r#"{"n": null}"#, true),
        ("query($n: Int) { note(id: 1) { text(size: $n) } }", "{}", true),
        ("query($n: Int) { notes(filter: {not: {least: $n}}) { id } }", r#"{"n": null}"#, false),
        ("mutation($n: Int) { add(input: {name: \"a\", many: {name: \"b\", size: $n}}) { id } }", r#"{"n": null}"#, false),
        (
            "query($n: Int, $s: Boolean!) { ...F @skip(if: $s) note(id: 1) { id ...G } }
             fragment F on Query { note(id: 1) { ...G } } fragment G on Note { ... @include(if: $s) { text(size: $n) } id }",
            r#"{"n": null, "s": true}"#,
            false,
        ),
        (
            "query($n: Int, $s: Boolean!) { ...F @skip(if: $s) user { id } }
             fragment F on Query { note(id: 1) { ...G } } fragment G on Note { text(size: $n) }",
            r#"{"n": null, "s": true}"#,
            true,
        ),
    ] {
        let expected = if is_taken { None } else { Some(vec![refused.to_owned()]) };
        assert_eq!(variables(text, sent).err(), expected, "{text} {sent}");
    }
    let condition = "query($n: Boolean = true) { user @skip(if: $n) { id } user { a } }";
    assert_eq!(variables(condition, r#"{"n": null}"#).unwrap_err().len(), 1);
}

#[test]
fn the_operation_is_selected_by_name() {
    let one = read("query A { user { id } }").unwrap();
    let two = read("query A { user { id } } mutation B { add(input: {name: \"a\"}) { id } }").unwrap();
    let bare = read("{ user { id } }").unwrap();
    assert!(one.operation(None).is_ok() && one.operation(Some("A")).is_ok() && bare.operation(None).is_ok());
    assert_eq!(two.operation(Some("B")).unwrap().kind, OperationKind::Mutation);
    for (checked, name) in [(&one, Some("B")), (&bare, Some("A")), (&two, None), (&two, Some("C"))] {
        assert!(checked.operation(name).is_err(), "{name:?}");
    }
}
