//! What is planned, and what is kept of it.

use super::*;

/// The bytes of a text of which each plan keeps a copy, times the plans that are kept, where ten variables decide.
fn kept_bytes(long: impl Fn(&str) -> String, space: usize) -> usize {
    const LONG: usize = 15_000;
    let names: Vec<String> = (0..10).map(|number| format!("v{number}")).collect();
    let declared: String = names.iter().map(|name| format!("${name}: Boolean! ")).collect();
    let guarded: String = names.iter().map(|name| format!("{name}: number @skip(if: ${name}) ")).collect();
    let document = format!("query({declared}) {{ {} {{ {guarded} number }} }}", long(&"x".repeat(LONG)));
    let document = parse_query(document).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let types = types();
    let planning = Planning { types: &types, operation: &operation.node, fragments: &document.fragments };
    let plans = Plans::new(Query::object(), planning, space);
    let kept = (0..1 << names.len()).filter(|choice| {
        let flags = names.iter().enumerate().map(|(place, name)| (name.clone(), Value::Bool(choice >> place & 1 == 1)));
        let sent = Variables::from_json(Value::Object(flags.collect()));
        // One is here.
        Arc::strong_count(&plans.plan(planning, &sent)) > 1
    });
    kept.count() * LONG
}

#[test]
fn plans_are_kept_while_their_bytes_have_space() {
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
