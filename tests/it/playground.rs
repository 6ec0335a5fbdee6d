//! The embedded playground.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::App;
use tower::ServiceExt;

use crate::loading::demo_client;

async fn get(app: &App, path: &str, accept_encoding: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = Request::get(path).header("accept-encoding", accept_encoding).body(Body::empty()).unwrap();
    let (head, body) = app.router().oneshot(request).await.unwrap().into_parts();
    (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn the_page_and_its_files_have_a_strict_policy() {
    let app = App::start().await;
    let (status, headers, page) = get(&app, "/", "identity").await;
    assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
    assert_eq!(headers["cache-control"], "no-cache");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("http"), "{policy}");

    let page = String::from_utf8(page).unwrap();
    let named: Vec<&str> = page.split('"').filter(|text| text.starts_with("/playground/")).collect();
    assert!(named.len() >= 2, "{page}");
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    for path in named {
        let (status, headers, _) = get(&app, path, "gzip").await;
        assert_eq!(status, 200, "{path}");
        // The name of an asset changes with its contents.
        let caching = if path.contains("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        assert_eq!(headers["cache-control"], caching, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
}

/// The fragment is removed before anything else is loaded: a token must not stay in the address meanwhile.
#[tokio::test]
async fn the_first_script_removes_the_fragment_from_the_address() {
    let app = App::start().await;
    let page = String::from_utf8(get(&app, "/", "identity").await.2).unwrap();
    let first = page.split("<script ").nth(1).unwrap();
    assert!(first.starts_with("src=\"/playground/fragment.js\""), "{page}");
    let script = String::from_utf8(get(&app, "/playground/fragment.js", "identity").await.2).unwrap();
    assert!(script.contains("history.replaceState"), "{script}");
}

#[tokio::test]
async fn compressed_and_plain_files_are_equal() {
    let app = App::start().await;
    let (_, headers, packed) = get(&app, "/", "gzip, br").await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["vary"], "accept-encoding");
    let (_, headers, plain) = get(&app, "/", "br").await;
    assert!(!headers.contains_key("content-encoding"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
}

#[tokio::test]
async fn no_path_leaves_the_folder() {
    let app = App::start().await;
    for path in [
        "/playground/../Cargo.toml",
        "/playground/%2e%2e/package.json",
        "/playground//etc/passwd",
        "/playground/nothing.js",
    ] {
        assert_eq!(get(&app, path, "gzip").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let app = App::start().await;
    for coding in ["gzip", "identity"] {
        let (_, _, body) = get(&app, "/", coding).await;
        let request = Request::head("/").header("accept-encoding", coding).body(Body::empty()).unwrap();
        let (head, none) = app.router().oneshot(request).await.unwrap().into_parts();
        assert_eq!((head.status.as_u16(), none.collect().await.unwrap().to_bytes().len()), (200, 0));
        assert_eq!(head.headers["content-length"], body.len().to_string(), "{coding}");
    }
}

/// A client that reads slowly holds the shared bytes of the file, not a copy.
#[tokio::test]
async fn all_clients_share_the_bytes_of_a_file() {
    let app = App::start().await;
    for coding in ["gzip", "identity"] {
        let ask = async || {
            let request = Request::get("/").header("accept-encoding", coding).body(Body::empty()).unwrap();
            let mut body = app.router().oneshot(request).await.unwrap().into_body();
            body.frame().await.unwrap().unwrap().into_data().unwrap().as_ptr()
        };
        assert_eq!(ask().await, ask().await, "{coding}");
    }
}

/// An operation of a tab.
struct Example {
    file: String,
    document: String,
    /// `query` or `mutation`.
    kind: String,
    name: String,
    variables: Value,
}

/// The operations of all tabs, in the order of the tabs.
fn examples() -> Vec<Example> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web/playground/examples");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut examples = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "graphql")) {
        let document = std::fs::read_to_string(path).unwrap();
        let variables = std::fs::read_to_string(path.with_extension("json")).unwrap();
        for line in document.lines().filter(|line| line.starts_with("query ") || line.starts_with("mutation ")) {
            let mut words = line.split([' ', '(']);
            examples.push(Example {
                file: path.file_stem().unwrap().to_string_lossy().into_owned(),
                kind: words.next().unwrap().to_owned(),
                name: words.next().unwrap().to_owned(),
                document: document.clone(),
                variables: serde_json::from_str(&variables).unwrap(),
            });
        }
    }
    examples
}

/// The user errors of any payload.
fn user_errors(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("userErrors").and_then(Value::as_array);
            own.into_iter().flatten().chain(fields.values().flat_map(user_errors)).collect()
        }
        Value::Array(items) => items.iter().flat_map(user_errors).collect(),
        _ => Vec::new(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.get("totalCount").is_some_and(|count| count == 0),
        _ => false,
    }
}

/// In the order of the tabs, as a person runs them one after the other: the last one deletes a note.
#[tokio::test]
async fn every_example_works_on_the_demo() {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), 500, &|_| {}).await.unwrap();
    let client = demo_client(&app, &[Scope::Admin]).await;
    let examples = examples();
    // The page runs the first one by itself.
    assert_eq!(examples.iter().filter(|example| example.file == examples[0].file).count(), 1);
    assert_eq!(examples[0].kind, "query");
    for shown in ["searchHit", "noteCounts", "notesPatch", "customersUpsert"] {
        assert!(examples.iter().any(|example| example.document.contains(shown)), "no example shows {shown}");
    }
    for Example { file, document, name, variables, .. } in &examples {
        let body = json!({ "query": document, "variables": variables, "operationName": name }).to_string();
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", client.token()));
        let answer = client.send(request.body(Body::from(body)).unwrap()).await;
        let data = answer.data();
        let wrong = user_errors(data);
        assert!(wrong.is_empty(), "{file}, {name}: {wrong:?}");
        for (field, value) in data.as_object().unwrap() {
            assert!(!is_empty(value), "{file}, {name}: {field} shows nothing: {value}");
        }
        if document.contains("searchHit") {
            let edges = data["notes"]["edges"].as_array().unwrap();
            assert!(edges.iter().all(|edge| edge["searchHit"]["snippet"].as_str().unwrap().contains('\u{e000}')));
        }
    }
}
