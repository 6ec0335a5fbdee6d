//! Reports how far the estimated cost of operations is from what they used.
//!
//! With `NOTEGRAPH_TEST_COSTS=FILE`, each operation of the suite appends a line to the file: the estimate, the points
//! used, and the document. `.ci/costs` runs the suite this way and sums up the lines.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;

use serde_json::Value;

use super::response::Response;

const FILE: &str = "NOTEGRAPH_TEST_COSTS";

pub fn are_reported() -> bool {
    env::var_os(FILE).is_some()
}

/// Appends a line about a response, and removes the cost from it, so that tests see the response that they requested.
pub fn report(document: &str, response: &mut Response) {
    let Some(file) = env::var_os(FILE) else { return };
    let Some(extensions) = response.body.get_mut("extensions").and_then(Value::as_object_mut) else { return };
    let Some(cost) = extensions.remove("cost") else { return };
    if extensions.is_empty() {
        response.body.as_object_mut().unwrap().remove("extensions");
    }
    response.text = response.body.to_string();
    let document: String = document.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    let line = serde_json::json!({
        "estimate": cost["estimated"]["points"],
        "used": cost["actual"]["points"],
        "database": cost["actual"]["databaseMicroseconds"],
        "cpu": cost["actual"]["cpuMicroseconds"],
        "document": document,
    });
    // A single write per line, which the system appends as a whole.
    let mut out = OpenOptions::new().create(true).append(true).open(file).unwrap();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
}
