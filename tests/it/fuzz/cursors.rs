use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use notegraph::graphql::pagination::Cursor;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::texts::{any_json, number, text};
use super::{Asked, blames_the_client, fuzz};

/// Valid orders of lists, each with the cursor of a page.
fn real(asked: &Asked) -> Vec<(Value, String)> {
    let orders = [
        json!(null),
        json!([{ "field": "SUBJECT" }, { "field": "REMINDER", "direction": "ASC", "nulls": "FIRST" }]),
        json!([{ "field": "STATUS" }, { "field": "CREATED_ON", "direction": "DESC" }]),
        json!([{ "field": "UPDATED_ON", "direction": "ASC" }]),
    ];
    let cursor = |order: Value| {
        let answer = asked.ask(
            "query($order: [NoteOrder!]) { notes(first: 1, orderBy: $order) { pageInfo { endCursor } } }",
            json!({ "order": order }),
        );
        let cursor = answer["notes"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
        (order, cursor)
    };
    orders.into_iter().map(cursor).collect()
}

fn decoded(cursor: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap()
}

/// A valid cursor with other values, or anything else.
fn cursor(orders: Vec<Value>) -> impl Strategy<Value = String> {
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let value = prop_oneof![number(), text().prop_map(Value::String), Just(Value::Null), any_json(vec!["a"])];
    let values = vec(value, 0..5);
    prop_oneof![
        6 => (prop::sample::select(orders), values.clone()).prop_map(move |(order, values)| encode(json!([order, values]))),
        2 => (text(), values).prop_map(move |(order, values)| encode(json!([order, values]))),
        1 => vec(any::<u8>(), 0..60).prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
        2 => text(),
    ]
}

/// Each cursor is a position in the list, or is refused as invalid.
#[test]
fn any_cursor_is_answered() {
    let asked = Asked::start();
    let real = real(&asked);
    let names: Vec<Value> = real.iter().map(|(_, cursor)| decoded(cursor)[0].clone()).collect();
    let lists: Vec<Value> = real.into_iter().map(|(order, _)| order).collect();
    let inputs = (cursor(names.clone()), prop::sample::select(lists), any::<bool>());
    fuzz("cursors", 300, &inputs, |(cursor, order, before)| {
        for name in &names {
            let name = name.as_str().unwrap();
            for values in 0..5 {
                if let Ok(read) = Cursor::decode(cursor, name, values)
                    && Cursor::decode(&read.encode(name), name, values).ok() != Some(read)
                {
                    return Err("it does not come back".to_owned());
                }
            }
        }
        let at = if *before { "before" } else { "after" };
        let document = format!(
            "query($order: [NoteOrder!], $cursor: String) {{ notes(first: 2, orderBy: $order, {at}: $cursor) {{ nodes {{ id }} }} }}"
        );
        let answer = asked.ask(&document, json!({ "order": order, "cursor": cursor }));
        blames_the_client(&answer, &["BAD_CURSOR"])
    });
}
