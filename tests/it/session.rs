//! The code that the playground exchanges for its token.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use http_body_util::BodyExt;
use notegraph::auth::{NewToken, Secret, create_token};
use notegraph::http::{HttpSettings, PlaygroundSession, RateLimit, router};
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use tower::ServiceExt;

use testkit::process::Process;
use testkit::{App, Database, ENDLESS, Engine};

/// A server that gives out a token, and the code for it.
struct CodeServer {
    app: App,
    router: axum::Router,
    code: String,
    token: String,
}

impl CodeServer {
    async fn new(lifetime: Duration) -> Self {
        Self::with(lifetime, HttpSettings::default().address_rate_limit).await
    }

    async fn with(lifetime: Duration, address_rate_limit: RateLimit) -> Self {
        let app = App::start().await;
        let ann = app.company("Acme").await.user("ann").await;
        let new = NewToken {
            company_id: ann.company_id,
            user_id: ann.id,
            name: "playground".to_owned(),
            scopes: vec![Scope::Read],
            expires_on: None,
        };
        let transaction = app.db().begin().await.unwrap();
        let (_, secret): (_, Secret) = create_token(&transaction, app.clock(), new).await.unwrap();
        transaction.commit().await.unwrap();
        let token = secret.reveal().to_owned();
        let (session, code) = PlaygroundSession::start(secret, lifetime).unwrap();
        let settings = HttpSettings {
            session: Some(Arc::new(session)),
            allowed_origins: vec!["https://front.example".parse().unwrap()],
            address_rate_limit,
            ..HttpSettings::default()
        };
        let router = router(app.context().clone(), schema::build(), &settings);
        Self { app, router, code, token }
    }

    async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        assert_eq!(head.headers["cache-control"], "no-store");
        let bytes = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn open(&self, code: &str) -> (u16, Value) {
        self.send(post().body(Body::from(json!({ "code": code }).to_string())).unwrap()).await
    }
}

/// A request as the page sends it.
fn post() -> Builder {
    Request::post("/playground/session")
        .header("host", "127.0.0.1:8080")
        .header("origin", "http://127.0.0.1:8080")
        .header("content-type", "application/json")
}

#[tokio::test]
async fn a_code_yields_one_token() {
    let server = CodeServer::new(PlaygroundSession::LIFETIME).await;
    assert_eq!(server.open(&server.code).await, (200, json!({ "token": server.token })));
    let client = testkit::Client::new(&server.app, Some(server.token.clone()));
    assert_eq!(client.query("{ viewer { scopes } }").await["viewer"]["scopes"], json!(["READ"]));
    assert_eq!(server.open(&server.code).await.0, 401);
}

/// A wrong, used or expired code and a server without a code get the same response, so nobody learns which it was.
#[tokio::test]
async fn all_invalid_codes_get_the_same_response() {
    let (used, late) = (CodeServer::new(PlaygroundSession::LIFETIME).await, CodeServer::new(Duration::ZERO).await);
    used.open(&used.code).await;
    let mut answers = Vec::new();
    for (server, code) in [(&used, used.code.as_str()), (&used, "wrong"), (&used, ""), (&late, late.code.as_str())] {
        answers.push(server.open(code).await);
    }
    let without = used.app.router().oneshot(post().body(Body::from(r#"{"code":"x"}"#)).unwrap()).await.unwrap();
    let status = without.status().as_u16();
    answers.push((status, serde_json::from_slice(&without.into_body().collect().await.unwrap().to_bytes()).unwrap()));
    for (_, body) in &mut answers {
        body["errors"][0]["extensions"]["requestId"].take();
    }
    assert_eq!(answers[0].0, 401);
    assert_eq!(answers[0].1["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn only_the_own_origin_may_send_a_code_as_json() {
    let server = CodeServer::new(PlaygroundSession::LIFETIME).await;
    let body = json!({ "code": server.code }).to_string();
    let replaced = |name: &'static str, value: &'static str| {
        let mut request = post().body(Body::from(body.clone())).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    // Not even an origin that may use the API is accepted.
    for origin in ["https://front.example", "https://evil.example", "null", "http://127.0.0.1:3000"] {
        assert_eq!(server.send(replaced("origin", origin)).await.0, 403, "{origin}");
    }
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        assert_eq!(server.send(replaced("content-type", media_type)).await.0, 415, "{media_type}");
    }
    for text in ["", "[]", "{}", r#"{"code":1}"#, r#"{"code":"x","more":1}"#, r#"{"code":"x","code":"y"}"#] {
        assert_eq!(server.send(post().body(Body::from(text)).unwrap()).await.0, 400, "{text}");
    }
    let long = json!({ "code": "x".repeat(2_000) }).to_string();
    assert_eq!(server.send(post().body(Body::from(long)).unwrap()).await.0, 413);
    for method in ["GET", "PUT", "DELETE"] {
        let request = Request::builder().method(method).uri("/playground/session").body(Body::empty()).unwrap();
        assert_eq!(server.send(request).await.0, 405, "{method}");
    }
    // None of these requests has used up the code.
    assert_eq!(server.open(&server.code).await.0, 200);
}

/// The rate limit of an address is tested with the API; here the status shows that it applies, too.
#[tokio::test]
async fn an_address_cannot_guess_codes() {
    let server = CodeServer::new(PlaygroundSession::LIFETIME).await;
    let peer = notegraph::http::ConnectionInfo { peer: [192, 0, 2, 1].into(), stopping: false };
    let mut statuses = Vec::new();
    for _ in 0..100 {
        let mut request = post().body(Body::from(r#"{"code":"wrong"}"#)).unwrap();
        request.extensions_mut().insert(peer);
        statuses.push(server.send(request).await.0);
    }
    assert_eq!(statuses[0], 401);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(server.open(&server.code).await.0, 200, "another address");
}

/// A body that never arrives.
fn never() -> Body {
    Body::from_stream(futures_util::stream::pending::<Result<&[u8], std::io::Error>>())
}

/// Regression test: 205 such requests had every operation of their address refused.
#[tokio::test]
async fn a_pending_code_takes_no_slot_of_an_operation() {
    let server = CodeServer::with(PlaygroundSession::LIFETIME, RateLimit { operations: 1, ..ENDLESS }).await;
    let peer = notegraph::http::ConnectionInfo { peer: [192, 0, 2, 1].into(), stopping: false };
    let slow = async {
        let mut request = post().body(never()).unwrap();
        request.extensions_mut().insert(peer);
        server.send(request).await
    };
    let meanwhile = async {
        // The slow request is waiting by now.
        tokio::task::yield_now().await;
        let mut request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", server.token))
            .body(Body::from(r#"{"query":"{ __typename }"}"#))
            .unwrap();
        request.extensions_mut().insert(peer);
        server.send(request).await
    };
    let (slow, meanwhile) = tokio::join!(biased; slow, meanwhile);
    assert_eq!(meanwhile.0, 200, "{meanwhile:?}");
    assert_eq!(slow.0, 408, "{slow:?}");
}

#[tokio::test]
async fn without_a_code_the_body_is_not_read() {
    let app = App::start().await;
    let answer = app.router().oneshot(post().body(never()).unwrap());
    let answer = tokio::time::timeout(Duration::from_mins(1), answer).await.expect("it waits for the body").unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn the_demo_prints_a_code_and_no_address_with_a_token() {
    let database = Database::empty(&Engine::Sqlite).await;
    let process = Process::serve(database.url(), &["--demo"]).await;
    let printed = process.printed.clone();
    let after = |name: &str| printed.iter().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    let (link, token) = (after("Playground:"), after("Token:"));
    let code = link.split_once("/#code=").unwrap().1;
    assert!(token.starts_with("ng_1_") && !link.contains(token), "{printed:?}");
    let body = json!({ "code": code }).to_string();
    let host = process.address;
    let request = format!(
        "POST /playground/session HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = process.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!(r#"{{"token":"{token}"}}"#)), "{answer}");
    assert!(process.exchange(request.as_bytes()).await.starts_with("HTTP/1.1 401 "));
}
