use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::fuzz;
use super::texts::{any_json, text};
use crate::exchange::Exchange;

const NAMES: [&str; 30] = [
    "id",
    "company_id",
    "subject",
    "details",
    "status",
    "type",
    "type_id",
    "customer",
    "customer_id",
    "user",
    "user_id",
    "assignees",
    "messages",
    "message",
    "created_on",
    "updated_on",
    "closed_on",
    "reminder",
    "tags",
    "priority",
    "confidential",
    "show_on_overview",
    "reference_type",
    "reference_id",
    "full_name",
    "first_name",
    "username",
    "email",
    "posted_by",
    "attachment",
];

/// A valid record in which some values are replaced.
fn record() -> impl Strategy<Value = Value> {
    let changes = vec((prop::sample::select(NAMES.to_vec()), any_json(NAMES.to_vec())), 0..5);
    (1..30_i64, changes).prop_map(|(id, changes)| {
        let person = json!({ "id": 3, "first_name": "Ann", "last_name": "Lee", "username": "ann" });
        let mut record = json!({
            "id": id, "company_id": 1, "subject": "A note", "status": "open", "created_on": "2026-01-02T03:04:05Z",
            "customer_id": 4, "customer": { "id": 4, "first_name": "Cara" }, "user_id": 3, "user": person,
            "assignees": [], "messages": [{ "message": "Hello", "created_on": "2026-01-02T03:04:06Z", "posted_by": person }],
        });
        for (name, value) in changes {
            record[name] = value;
        }
        record
    })
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => record().prop_map(|record| record.to_string().into_bytes()),
        2 => (record(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(record, at, byte)| {
            let mut line = record.to_string().into_bytes();
            let at = at.index(line.len());
            line[at] = byte;
            line
        }),
        1 => any_json(NAMES.to_vec()).prop_map(|json| json.to_string().into_bytes()),
        1 => text().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..200),
    ]
}

/// Each record is imported or rejected by itself, and every line of an export is JSON.
#[test]
fn any_line_is_imported_or_rejected() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let exchange = runtime.block_on(Exchange::new());
    // Create the company.
    runtime.block_on(exchange.import(r#"{"id": 99, "created_on": "2026-01-02T03:04:05Z"}"#));
    fuzz("import lines", 50, &vec(line(), 1..4), |lines| {
        runtime.block_on(async {
            exchange.import(lines.join(&b'\n')).await;
            for line in exchange.export().await.lines() {
                if let Err(error) = serde_json::from_str::<Value>(line) {
                    return Err(format!("an export that is no JSON: {error}: {line}"));
                }
            }
            Ok(())
        })
    });
    let taken = runtime.block_on(exchange.export()).lines().count();
    assert!(taken > 10, "only {taken} of the records were taken: they are not nearly right");
}
