use std::panic::catch_unwind;

use super::*;

/// Why the types do not form a valid schema, or an empty text if they do.
fn fault(types: &str) -> String {
    let text = format!("{types} type Query {{ a: A }} schema {{ query: Query }}");
    let Err(panic) = catch_unwind(|| Schema::of(&text, &[]).map(drop).unwrap()) else { return String::new() };
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn every_custom_scalar_needs_a_parser() {
    let panic = "nothing says which values the scalar S takes";
    assert_eq!(fault("scalar S type A { a: S }"), "");
    assert_eq!(fault("scalar S type A { a(s: [S!]): Int }"), panic);
    assert_eq!(fault("scalar S input I { s: S } type A { a(i: I): Int }"), panic);
}

#[test]
fn types_implement_the_fields_of_their_interfaces() {
    for (types, expected) in [
        ("interface I { a: Int } type A implements I { a: Int! b: Int }", ""),
        ("interface I { i: I } type A implements I { i: A }", ""),
        ("union U = A interface I { l: [U] } type A implements I { l: [A!]! }", ""),
        ("interface J { i: I } interface I implements J { i: I } type A implements I & J { i: A! }", ""),
        ("interface J { j: J } interface I implements J { j: I } type A implements I & J { j: A }", ""),
        ("interface I { a(b: Int): Int } type A implements I { a(b: Int, c: Int! = 1, d: Int): Int }", ""),
        ("interface I { a: Int } type A implements I { b: Int }", "A does not implement I: it has no field a"),
        ("interface I { a: Int! } type A implements I { a: Int }", "A does not implement I: a is Int, not Int!"),
        ("interface I { a: [Int] } type A implements I { a: Int }", "A does not implement I: a is Int, not [Int]"),
        (
            "interface I { a: I } type A implements I { a: B } type B { a: Int }",
            "A does not implement I: a is B, not I",
        ),
        (
            "interface I { a(b: Int): Int } type A implements I { a: Int }",
            "A does not implement I: a has no argument b: Int",
        ),
        (
            "interface I { a(b: Int): Int } type A implements I { a(b: Int!): Int }",
            "A does not implement I: a has no argument b: Int",
        ),
        (
            "interface I { a: Int } type A implements I { a(b: Int!): Int }",
            "A does not implement I: a requires the argument b",
        ),
        (
            "interface J { a: Int } interface I implements J { a: Int } type A implements I { a: Int }",
            "A does not implement I: it does not implement J",
        ),
        ("type B { a: Int } type A implements B { a: Int }", "A does not implement B: that is no interface"),
    ] {
        assert_eq!(fault(types), expected, "{types}");
    }
}

/// Custom scalars get numbers exactly as written, or not at all.
#[test]
fn scalars_receive_numbers_without_rounding() {
    let text = "scalar S type Query { a(s: S): Int } schema { query: Query }";
    let schema = Schema::of(text, &[("S", Scalar::Any)]).unwrap();
    let read = |value: &str| {
        let text = format!("{{ a(s: {value}) }}");
        crate::document::read(&schema, &text, ParserLimits::default(), &DocumentLimits::default())
    };
    for value in ["18446744073709551615", "-9223372036854775808", "[0.5, {a: 1}]"] {
        let document = serde_json::to_string(&*read(value).unwrap().document).unwrap();
        let number =
            value.split(|char: char| !char.is_ascii_digit() && char != '-' && char != '.').find(|one| !one.is_empty());
        assert!(document.contains(number.unwrap()), "{document}");
    }
    for value in ["1e400", "[{a: -1e400}]"] {
        assert!(matches!(read(value), Err(DocumentError::Invalid(errors)) if errors.len() == 1), "{value}");
    }
}

#[test]
fn directives_match_by_their_whole_name() {
    let text = "directive @in repeatable on FIELD directive @skipped on FIELD
        directive @input on FIELD directive @ski on FIELD type Query { a: Int } schema { query: Query }";
    let schema = Schema::of(text, &[]).unwrap();
    for (name, is_repeatable) in [("in", true), ("input", false), ("ski", false), ("skipped", false), ("skip", false)] {
        assert_eq!(schema.directive(name).map(|directive| directive.repeatable), Some(is_repeatable), "{name}");
    }
}
