//! Responses are charged for their content: their bytes are limited, and count until the client has read them.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use http_body_util::BodyExt;
use notegraph::http::{HttpSettings, RateLimit, router};
use notegraph::meter::{MemoryLimits, OperationLimits};
use notegraph::schema;
use notegraph::schema::query_limits::QueryLimits;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use tower::ServiceExt;

use testkit::{App, Client, ENDLESS};

/// Number of notes, and of characters in each, which JSON writes with six bytes.
const NOTES: usize = 5;
const CHARACTERS: usize = 20_000;
const WHOLE: usize = NOTES * CHARACTERS * 6;
const DETAILS: &str = "{ notes { nodes { details } } }";

fn settings() -> HttpSettings {
    HttpSettings { token_rate_limit: ENDLESS, address_rate_limit: ENDLESS, ..HttpSettings::default() }
}

async fn world() -> (App, Client) {
    let app = App::start().await;
    let ann = app.company("Acme").await.user("ann").await.token(&[Scope::Write]).await;
    for number in 0..NOTES {
        let details = format!("{number}{}", "\u{1}".repeat(CHARACTERS));
        let create = "mutation($d: String) { noteCreate(input: { details: $d }) { userErrors { code } } }";
        ann.query_with(create, json!({ "d": details })).await.data();
    }
    (app, ann)
}

fn server(app: &App, settings: &HttpSettings) -> Router {
    router(app.context().clone(), schema::build(), settings)
}

/// Sends a request without reading the response yet.
async fn ask(server: &Router, client: &Client, document: &str) -> Response<Body> {
    let body = json!({ "query": document }).to_string();
    let request = Request::post("/graphql")
        .header(header::AUTHORIZATION, format!("Bearer {}", client.token()))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, body.len())
        .header("x-graphql-cost", "1")
        .body(Body::from(body));
    server.clone().oneshot(request.unwrap()).await.unwrap()
}

async fn read(answer: Response<Body>) -> (u16, Value) {
    let (head, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap())
}

fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_long_response_arrives_completely_in_pieces() {
    let (app, ann) = world().await;
    let server = server(&app, &settings());
    let aliases = "{ notes { nodes { a: details b: details number: databaseId c: details } } }";
    for document in [DETAILS, aliases] {
        let answer = ask(&server, &ann, document).await;
        let announced = axum::body::HttpBody::size_hint(answer.body()).exact().unwrap();
        let mut body = answer.into_body();
        let (mut frames, mut whole) = (0, Vec::new());
        while let Some(frame) = body.frame().await {
            whole.extend_from_slice(&frame.unwrap().into_data().unwrap());
            frames += 1;
        }
        assert_eq!(whole.len() as u64, announced);
        assert!(frames > NOTES / 2 && whole.len() > WHOLE, "{frames} pieces of {} bytes", whole.len());
        let body: Value = serde_json::from_slice(&whole).unwrap();
        let nodes = body["data"]["notes"]["nodes"].as_array().unwrap();
        for (node, number) in nodes.iter().zip((0..NOTES).rev()) {
            for (name, value) in node.as_object().unwrap().iter().filter(|(name, _)| *name != "number") {
                let expected = format!("{number}{}", "\u{1}".repeat(CHARACTERS));
                assert!(*value == expected, "{name} of note {number}");
            }
        }
        let bytes = body["extensions"]["cost"]["actual"]["answerBytes"].as_u64().unwrap();
        assert!((WHOLE as u64..=announced).contains(&bytes), "{bytes} of {announced}");
    }
}

/// A few hundred bytes of aliases must not produce a response of gigabytes.
#[tokio::test]
async fn a_response_is_limited_in_bytes_and_values() {
    let (app, ann) = world().await;
    let usage = OperationLimits { answer_bytes: WHOLE as u64 / 2, ..OperationLimits::default() };
    let short = server(&app, &HttpSettings { usage, ..settings() });
    for (document, fields) in
        [(DETAILS, 1), ("{ first: viewer { scopes } notes { edges { node { a: details b: details } } } }", 2)]
    {
        let (status, body) = read(ask(&short, &ann, document).await).await;
        assert_eq!((status, code(&body)), (200, "TOO_COMPLEX"), "{body}");
        assert_eq!(
            body["errors"].as_array().unwrap().len(),
            fields,
            "one for each root field, and not for each row: {body}"
        );
        assert!(body["data"].as_object().unwrap().values().all(Value::is_null), "{body}");
        assert!(body["errors"][0]["message"].as_str().unwrap().contains("bytes"), "{body}");
    }
    let (status, body) = read(ask(&short, &ann, "{ notes(first: 1) { nodes { details } } }").await).await;
    assert_eq!((status, code(&body)), (200, ""), "what fits is answered");

    // The query limits permit this document; only the values of its response exceed their limit.
    let usage = OperationLimits { values: 10, ..OperationLimits::default() };
    let few = server(&app, &HttpSettings { usage, query_limits: QueryLimits::default(), ..settings() });
    let (_, body) = read(ask(&few, &ann, "{ notes { nodes { id subject createdOn } } }").await).await;
    assert_eq!(code(&body), "TOO_COMPLEX", "{body}");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("10 values"), "{body}");
}

/// A client that does not read a response keeps its place among the token's concurrent operations.
#[tokio::test]
async fn a_response_counts_until_it_was_read() {
    let (app, ann) = world().await;
    let token_rate_limit = RateLimit { operations: 2, ..ENDLESS };
    let server = server(&app, &HttpSettings { token_rate_limit, ..settings() });
    let unread = [ask(&server, &ann, DETAILS).await, ask(&server, &ann, DETAILS).await];
    let (status, body) = read(ask(&server, &ann, DETAILS).await).await;
    assert_eq!((status, code(&body)), (429, "RATE_LIMITED"), "{body}");
    let [first, second] = unread;
    assert_eq!(read(first).await.0, 200);
    assert_eq!(read(ask(&server, &ann, DETAILS).await).await.0, 200, "one was read");
    drop(second);
    let both = [ask(&server, &ann, DETAILS).await, ask(&server, &ann, DETAILS).await];
    assert!(both.iter().all(|answer| answer.status() == 200), "one was given up");
}

#[tokio::test]
async fn unread_responses_use_no_more_memory_than_the_token_may() {
    let (app, ann) = world().await;
    let bob = app.company("Other").await.user("bob").await.token(&[Scope::Write]).await;
    let memory = MemoryLimits { token: WHOLE as u64 * 3 / 2, process: 64 << 20 };
    let server = server(&app, &HttpSettings { memory, ..settings() });
    let unread = ask(&server, &ann, DETAILS).await;
    assert_eq!(unread.status(), 200);
    let (status, body) = read(ask(&server, &ann, DETAILS).await).await;
    assert_eq!((status, code(&body)), (429, "RATE_LIMITED"), "{body}");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("read the pending responses"), "{body}");
    assert_eq!(read(ask(&server, &ann, "{ viewer { scopes } }").await).await.0, 200, "small ones have room");
    assert_eq!(read(ask(&server, &bob, "{ notes { nodes { details } } }").await).await.0, 200, "others, too");
    // A change whose response has no room was made nevertheless: the status does not invite the client to repeat it.
    let (_, body) = read(ask(&server, &ann, "{ notes(first: 1) { nodes { id } } }").await).await;
    let patch = format!(
        "mutation {{ notePatch(input: {{ id: {}, patch: {{ subject: \"new\" }} }}) {{
            note {{ a: details b: details c: details d: details }} }} }}",
        body["data"]["notes"]["nodes"][0]["id"]
    );
    let (status, body) = read(ask(&server, &ann, &patch).await).await;
    assert_eq!((status, code(&body)), (200, "RATE_LIMITED"), "{body}");
    assert_eq!(read(unread).await.0, 200);
    let (_, body) = read(ask(&server, &ann, "{ notes(first: 1) { nodes { subject } } }").await).await;
    assert_eq!(body["data"]["notes"]["nodes"][0]["subject"], "new");
    assert_eq!(read(ask(&server, &ann, DETAILS).await).await.0, 200, "the answer was read");
}
