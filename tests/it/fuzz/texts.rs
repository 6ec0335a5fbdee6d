//! Texts and JSON that are likely to cause trouble.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A text of any characters, or of those that have a special meaning somewhere.
pub fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "\\PC{0,12}",
        2 => any::<String>(),
        3 => prop::sample::select(vec![
            "'", "\"", "\\", "%", "_", "\0", "\u{feff}", "\u{202e}", "--", "/*", ";", "NULL", "{{", "${", "&", "|", "<->", "*",
            "(", ")", ":", "手机", "é", "e\u{301}", "ß", "İ", "\n", " ", "1e999", "-0", "9223372036854775808", "Note:1",
        ])
        .prop_map(str::to_owned),
    ];
    prop_oneof![8 => vec(piece, 0..6).prop_map(|pieces| pieces.concat()), 1 => ("\\PC", 1..3_000usize).prop_map(|(one, times)| one.repeat(times))]
}

pub fn number() -> impl Strategy<Value = Value> {
    let edges = [0, 1, -1, i64::from(i32::MAX), i64::from(i32::MIN), i64::from(i32::MAX) + 1, i64::MAX, i64::MIN];
    prop_oneof![
        prop::sample::select(edges.to_vec()).prop_map(|number| json!(number)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!(u64::MAX)),
    ]
}

/// JSON of any shape, with these names among those of its fields.
pub fn any_json(names: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::Bool), number(), text().prop_map(Value::String),];
    leaf.prop_recursive(4, 30, 6, move |inner| {
        let name = prop_oneof![4 => prop::sample::select(names.clone()).prop_map(str::to_owned), 1 => text()];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::Array),
            vec((name, inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}
