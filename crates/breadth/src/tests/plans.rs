//! How plans are bounded and cached.

use super::*;
use crate::document::{DocumentError, DocumentLimits, ParserLimits};

/// The bytes of a long text that cached plans hold, each with its own copy, in a document with ten condition variables.
fn kept_bytes(long: impl Fn(&str) -> String, space: usize) -> usize {
    const LONG: usize = 15_000;
    let names: Vec<String> = (0..10).map(|number| format!("v{number}")).collect();
    let each = |write: fn(&String) -> String| names.iter().map(write).collect::<Vec<_>>().join(" ");
    let declared = each(|name| format!("${name}: Boolean!"));
    let guarded = each(|name| format!("{name}: number @skip(if: ${name})"));
    let document = format!("query({declared}) {{ {} {{ {guarded} number }} }}", long(&"x".repeat(LONG)));
    let document = parse_query(document).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let types = types();
    let planning = Planning { types: &types, operation: &operation.node, fragments: &document.fragments };
    let plans = PlanCache::new(Query::object(), planning, space);
    let kept = (0..1 << names.len()).filter(|choice| {
        let flags = names.iter().enumerate().map(|(place, name)| (name.clone(), Value::Bool(choice >> place & 1 == 1)));
        let sent = Variables::from_json(Value::Object(flags.collect()));
        // One reference is here.
        Arc::strong_count(&plans.plan(planning, &sent)) > 1
    });
    kept.count() * LONG
}

#[test]
fn plans_are_cached_within_a_byte_limit() {
    for long in [
        |text: &str| format!("{text}: person"),
        |text: &str| format!("byNumber(number: 1, text: \"{text}\")"),
        |text: &str| format!("byNumber(number: 1, value: {{list: [1, {text}]}})"),
        |text: &str| format!("byNumber(number: 1, {text}: $v1)"),
    ] {
        let kept = kept_bytes(long, 200_000);
        assert!((100_000..=200_000).contains(&kept), "{kept}");
    }
}

struct Left;
struct Right;

object! {
    /// A nest.
    Left implements "Nest" {
        /// The content.
        inner = inline(|_: &Left| Some(AnyRow::<Nest>::new(Right)));
    }
}

object! {
    /// Another nest.
    Right implements "Nest" {
        /// The content.
        inner = inline(|_: &Right| Some(AnyRow::<Nest>::new(Left)));
    }
}

/// An interface that leads to itself.
struct Nest;

impl Abstract for Nest {
    fn kind() -> &'static AbstractType {
        &AbstractType {
            name: "Nest",
            description: "Has another one in it.",
            fields: &[("inner", "Nest", "The content.")],
            objects: &[Left::object, Right::object],
        }
    }
}

#[derive(Default)]
struct Nests;

object! {
    /// The query root.
    Nests {
        /// The outermost.
        nest = inline(|_: &Nests| Some(AnyRow::<Nest>::new(Left)));
        /// The root again.
        again = inline(|_: &Nests| Some(Nests));
    }
}

/// An interface that leads to itself doubles the plan with every level.
#[tokio::test]
async fn plans_over_interfaces_are_bounded() {
    let schema = Schema::new::<Nests, NoMutation, NoSubscription>(&[]);
    let nested = |depth: usize| (0..depth).fold("{ __typename }".to_owned(), |below, _| format!("{{ inner {below} }}"));
    let fragment = |number: i32| format!("fragment f{number} on Nest {{ inner {{ ...f{} }} }}", number + 1);
    let fragments = (0..30).map(fragment).collect::<Vec<_>>().join(" ");
    for (document, is_taken) in [
        (format!("{{ nest {} }}", nested(8)), true),
        (format!("{{ nest {} }}", nested(30)), false),
        (format!("query($s: Boolean!) {{ nest {{ __typename ... @skip(if: $s) {} }} }}", nested(30)), false),
        (format!("{{ nest {{ ...f0 }} }} {fragments} fragment f30 on Nest {{ __typename }}"), false),
    ] {
        match schema.read(&document, ParserLimits::default(), &DocumentLimits::default()) {
            Ok(read) => {
                assert!(is_taken, "{document}");
                let response = schema.execute(&read, 0, &Variables::default(), &Data::default(), None).await;
                assert!(response.json().contains(r#"{"inner":{"__typename":"Left"}}"#), "{}", response.json());
            }
            Err(DocumentError::TooMuch(message)) => assert!(!is_taken && message.contains("20000 fields"), "{message}"),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Introspection works wherever the query root appears, and each place gets what it selects.
#[tokio::test]
async fn introspection_works_below_the_root() {
    let schema = Schema::new::<Nests, NoMutation, NoSubscription>(&[]);
    let document = "query($name: String!) {
        __type(name: $name) { name }
        again { __schema { queryType { name } } __type(name: \"Left\") { kind } again { __type(name: \"Nest\") { ...N } } }
        again { __schema { queryType { kind } } } }
        fragment N on __Type { possibleTypes { name } }";
    let sent = Variables::from_json(json!({ "name": "Right" }));
    let response = schema.run(document, sent, &Data::default()).await;
    let below = json!({
        "__schema": { "queryType": { "name": "Nests", "kind": "OBJECT" } },
        "__type": { "kind": "OBJECT" },
        "again": { "__type": { "possibleTypes": [{ "name": "Left" }, { "name": "Right" }] } },
    });
    assert_eq!(shown(response), (json!({ "__type": { "name": "Right" }, "again": below }), Vec::new()));
}
