//! Documents designed to crash or stall a server: each is refused with a short response and changes nothing, and the
//! server stays available.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use axum::http::header::AUTHORIZATION;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use super::bombs::{Hostile, documents};
use crate::support::{App, Client, Contents, Response};

/// The maximum time in which a debug build refuses a document on a busy machine; a release build takes a fiftieth. Work
/// that is quadratic in the size of the document takes minutes.
const LONGEST: Duration = Duration::from_secs(2);
/// Maximum size of a response, in bytes.
const LARGEST: usize = 4_096;

async fn by_get(client: &Client, document: &str) -> Response {
    let query: String = url::form_urlencoded::byte_serialize(document.as_bytes()).collect();
    let request = Request::get(format!("/graphql?query={query}"))
        .header(AUTHORIZATION, format!("Bearer {}", client.token()))
        .body(Body::empty());
    client.send(request.unwrap()).await
}

/// Whether a response repeats a long piece of a document.
fn repeats(answer: &str, document: &str) -> bool {
    let chars: Vec<char> = document.chars().collect();
    let mut pieces = chars.chunks_exact(100).map(|piece| piece.iter().collect::<String>());
    pieces.any(|piece| answer.contains(&piece))
}

fn assert_refused(name: &str, answer: &Response, document: &str) {
    assert!([200, 400, 413].contains(&answer.status), "{name}: {} {}", answer.status, answer.text);
    let codes = answer.codes();
    let known = ["TOO_COMPLEX", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BODY_TOO_LARGE"];
    assert!(!codes.is_empty() && codes.iter().all(|code| known.contains(code)), "{name}: {}", answer.text);
    assert!(answer.body["data"].is_null(), "{name}: {}", answer.text);
    assert!(answer.text.len() < LARGEST, "{name}: {} bytes: {:.500}", answer.text.len(), answer.text);
    assert!(!repeats(&answer.text, document), "{name}: {}", answer.text);
}

#[tokio::test]
async fn each_is_refused_and_the_server_goes_on() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await;
    acme.note(|note| note.user_id = Some(ann.id)).await;
    let client = ann.token(&[Scope::Write]).await;
    let before = Contents::read(&app).await;
    for Hostile { name, document, variables } in documents() {
        let mut took = Duration::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            let answer = client.query_with(&document, variables.clone()).await;
            took = took.min(start.elapsed());
            assert_refused(&name, &answer, &document);
            if took < LONGEST {
                break;
            }
        }
        assert!(took < LONGEST, "{name} took {took:?}");
        if document.len() < 4_000 && variables == json!({}) {
            assert_refused(&name, &by_get(&client, &document).await, &document);
        }
    }
    assert_eq!(Contents::read(&app).await, before);
    assert_eq!(client.query("{ notes { totalCount } }").await["notes"]["totalCount"], 1);
}

/// Writes the documents to the folder in `NOTEGRAPH_HOSTILE_FOLDER`, if it is set, for a check of the release build.
#[tokio::test]
async fn they_are_written() {
    let Ok(folder) = std::env::var("NOTEGRAPH_HOSTILE_FOLDER") else { return };
    let documents = documents().into_iter().map(
        |Hostile { name, document, variables }| json!({ "name": name, "query": document, "variables": variables }),
    );
    let documents: Value = documents.collect();
    std::fs::write(std::path::Path::new(&folder).join("documents.json"), documents.to_string()).unwrap();
}

/// A body that is cheap to send and expensive to parse.
#[tokio::test]
async fn values_of_a_request_are_bounded() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let many: Vec<i32> = vec![0; 900_000];
    let answer = client.query_with("query($a: [Int]) { notes { totalCount } }", json!({ "a": many })).await;
    assert_eq!((answer.status, answer.codes()), (400, vec!["BAD_REQUEST"]));
}

/// Of many equal failures, only a few are reported, and in time.
#[tokio::test]
async fn many_failing_fields_are_told_shortly() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await;
    let cara = acme.customer("Cara").await;
    for _ in 0..30 {
        acme.note(|note| (note.user_id, note.customer_id) = (Some(ann.id), Some(cara.id))).await;
    }
    let client = ann.token(&[Scope::Read]).await;
    let failing: Vec<String> =
        (0..100).map(|n| format!("a{n}: customer {{ notes(first: 0) {{ totalCount }} }}")).collect();
    let failing = failing.join(" ");
    let document = format!(
        "{{ x: notes(first: 100) {{ nodes {{ {failing} }} }} y: notes(first: 100) {{ nodes {{ {failing} }} }} }}"
    );
    let answer = client.query(&document).await;
    assert_eq!((answer.status, answer.errors().len()), (200, 10), "{:.300}", answer.text);
    assert_eq!(answer.body["extensions"]["errorsLeftOut"], 990);
    assert_eq!(answer.body["data"]["x"]["nodes"].as_array().unwrap().len(), 30);
    assert_eq!(answer.body["data"]["y"]["nodes"][29]["a99"], json!({ "notes": null }));
}
