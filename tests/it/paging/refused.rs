//! Invalid pagination arguments.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{Seeded, seeded};

#[tokio::test]
async fn invalid_page_arguments_are_refused() {
    let Seeded { client, notes, customer, app: _app, .. } = &seeded(3).await;
    let cursors = client
        .query("{ notes(first: 1) { pageInfo { endCursor } } customers(first: 1) { pageInfo { endCursor } } }")
        .await;
    let cursor = &cursors["notes"]["pageInfo"]["endCursor"];
    let of_customer = &cursors["customers"]["pageInfo"]["endCursor"];
    let made = |order: &str, values: &[i64]| {
        let text = json!([order, values]).to_string();
        json!(URL_SAFE_NO_PAD.encode(text))
    };
    let bad = [
        json!("").to_string(),
        json!("garbage").to_string(),
        json!("Note:1").to_string(),
        of_customer.to_string(),
        made("note createdOn+", &[1, 1]).to_string(),
        made("note createdOn-", &[1]).to_string(),
        made("note createdOn-", &[1, 1, 1]).to_string(),
    ];
    let mut cases: Vec<(String, &str)> = [
        "first: 0",
        "first: -1",
        "first: 101",
        "last: 0",
        "last: -1",
        "last: 101",
        "first: 1, last: 1",
        "page: 0",
        "page: -1",
        "page: 1, last: 1",
        "page: 501",
        "page: 101, first: 100",
        "page: 2147483647, first: 100",
    ]
    .iter()
    .map(|part| ((*part).to_owned(), "INVALID"))
    .collect();
    cases.push((format!("page: 1, after: {cursor}"), "INVALID"));
    cases.push((format!("page: 1, before: {cursor}"), "INVALID"));
    for cursor in &bad {
        cases.push((format!("first: 1, after: {cursor}"), "BAD_CURSOR"));
        cases.push((format!("last: 1, before: {cursor}"), "BAD_CURSOR"));
    }
    cases.push((format!("orderBy: [{{ field: UPDATED_ON }}], after: {cursor}"), "BAD_CURSOR"));
    cases.push((format!("orderBy: [{{ field: CREATED_ON }}], after: {cursor}"), "BAD_CURSOR"));
    let made = |order: &str, values: serde_json::Value| {
        json!(URL_SAFE_NO_PAD.encode(json!([order, values]).to_string())).to_string()
    };
    for (order, name, wrong) in [
        (
            "REMINDER",
            "note reminder+",
            vec![json!(["x", 1]), json!([true, 1]), json!([null, null]), json!([null, "1"])],
        ),
        (
            "SUBJECT",
            "note subject+",
            vec![json!([1, 1]), json!(["x".repeat(101), 1]), json!(["\0", 1]), json!([[], 1])],
        ),
        ("STATUS", "note status+", vec![json!([2, 1]), json!([null, 1]), json!(["open", 1]), json!([0.5, 1])]),
        ("PRIORITY", "note priority+", vec![json!([-1, 1]), json!([null, 1]), json!([true, 1])]),
        ("CREATED_ON", "note createdOn+", vec![json!([null, 1]), json!(["2026-03-02", 1])]),
    ] {
        for wrong in wrong {
            cases.push((format!("orderBy: [{{ field: {order} }}], after: {}", made(name, wrong)), "BAD_CURSOR"));
        }
    }
    // Cursors for the other placement of nulls.
    for part in ["REMINDER, nulls: FIRST", "SUBJECT, nulls: FIRST", "REMINDER, direction: DESC"] {
        let name = if part.starts_with('S') { "note subject+" } else { "note reminder+" };
        let cursor = made(name, json!([null, 1]));
        cases.push((format!("orderBy: [{{ field: {part} }}], after: {cursor}"), "BAD_CURSOR"));
    }
    for (part, code) in &cases {
        for (open, close) in [("", String::new()), ("customer(id: ", format!("{customer}) {{"))] {
            let end = if open.is_empty() { "" } else { "}" };
            let response = client.query(&format!("{{ {open}{close} notes({part}) {{ nodes {{ id }} }} {end} }}")).await;
            assert_eq!(response.codes(), [*code], "notes({part}): {:#}", response.body);
        }
    }
    let note = notes[0].id;
    for (field, part, code) in [
        (format!("note(id: {note}) {{ messages"), "first: 101".to_owned(), "INVALID"),
        (format!("note(id: {note}) {{ messages"), "first: 1, last: 1".to_owned(), "INVALID"),
        (format!("note(id: {note}) {{ messages"), format!("after: {cursor}"), "BAD_CURSOR"),
    ] {
        let response = client.query(&format!("{{ {field}({part}) {{ nodes {{ id }} }} }} }}")).await;
        assert_eq!(response.codes(), [code], "{field}({part})");
    }
    for (list, part) in [("users", format!("after: {of_customer}")), ("customers", format!("after: {cursor}"))] {
        let response = client.query(&format!("{{ {list}({part}) {{ nodes {{ id }} }} }}")).await;
        assert_eq!(response.codes(), ["BAD_CURSOR"], "{list}({part})");
    }
}

#[tokio::test]
async fn the_largest_pages_are_accepted() {
    let Seeded { client, app: _app, .. } = &seeded(2).await;
    for part in ["first: 100", "last: 100", "page: 100, first: 100", "page: 10000, first: 1", "page: 500"] {
        client.query(&format!("{{ notes({part}) {{ nodes {{ id }} }} }}")).await.data();
    }
}

#[tokio::test]
async fn no_cursor_is_an_internal_error() {
    let Seeded { client, notes, app: _app, .. } = &seeded(2).await;
    let note = notes[0].id;
    for extreme in [i64::MIN, i64::MIN + 1, -8_334_601_228_800_000_000, -1, 0, 253_402_300_800_000_000, i64::MAX] {
        let cursor = |order: &str, values: &[i64]| json!(URL_SAFE_NO_PAD.encode(json!([order, values]).to_string()));
        for (list, close, cursor) in [
            ("notes".to_owned(), "", cursor("note createdOn-", &[extreme, extreme])),
            ("customers".to_owned(), "", cursor("customer id+", &[extreme])),
            (format!("note(id: {note}) {{ messages"), "}", cursor("message position+", &[extreme])),
        ] {
            for part in ["first: 1, after", "first: 1, before", "last: 1, after", "last: 1, before"] {
                let response =
                    client.query(&format!("{{ {list}({part}: {cursor}) {{ nodes {{ id }} }} {close} }}")).await;
                assert!(matches!(response.codes()[..], [] | ["BAD_CURSOR"]), "{list}({part}: {extreme}) {response:?}");
            }
        }
    }
}
