//! The web pages from which a browser may send requests.

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use notegraph::http::{HttpSettings, router};
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use tower::ServiceExt;

use testkit::{App, Client};

const FRONT: &str = "https://front.example.com";

async fn ask(app: &App, client: &Client, allowed: &[&str], origin: &str, method: &str) -> (u16, HeaderMap) {
    let allowed_origins = allowed.iter().map(|origin| origin.parse().unwrap()).collect();
    let settings = HttpSettings { allowed_origins, ..HttpSettings::default() };
    let request = Request::builder()
        .uri("/graphql")
        .method(method)
        .header("host", "notes.example.com")
        .header("origin", origin)
        .header("authorization", format!("Bearer {}", client.token()))
        .header("content-type", "application/json")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
        .body(Body::from(r#"{"query": "{ __typename }"}"#))
        .unwrap();
    let answer = router(app.context().clone(), schema::build(), &settings).oneshot(request).await.unwrap();
    (answer.status().as_u16(), answer.headers().clone())
}

#[tokio::test]
async fn an_allowed_origin_may_send_requests_and_read_responses() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let allowed = [FRONT, "http://localhost:5173"];
    let (status, headers) = ask(&app, &client, &allowed, FRONT, "OPTIONS").await;
    assert_eq!(status, 200);
    assert_eq!(headers["access-control-allow-origin"], FRONT);
    assert_eq!(headers["access-control-allow-methods"], "GET,POST");
    assert_eq!(
        headers["access-control-allow-headers"],
        "authorization,content-type,accept,last-event-id,x-request-id,x-graphql-cost"
    );
    assert!(!headers.contains_key("access-control-allow-credentials"));
    let (status, headers) = ask(&app, &client, &allowed, FRONT, "POST").await;
    assert_eq!((status, &headers["access-control-allow-origin"]), (200, &FRONT.parse().unwrap()));
    assert_eq!(headers["access-control-expose-headers"], "x-request-id");
}

#[tokio::test]
async fn other_origins_are_refused() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    for origin in ["https://evil.example", "https://front.example.com.evil.example", "http://front.example.com", "null"]
    {
        for allowed in [&[FRONT][..], &[]] {
            let (status, headers) = ask(&app, &client, allowed, origin, "POST").await;
            assert_eq!(status, 403, "{origin}");
            assert!(!headers.contains_key("access-control-allow-origin"), "{origin}");
            let (_, headers) = ask(&app, &client, allowed, origin, "OPTIONS").await;
            assert!(!headers.contains_key("access-control-allow-origin"), "{origin}");
        }
    }
}

#[tokio::test]
async fn the_own_origin_needs_no_setting() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let (status, headers) = ask(&app, &client, &[], "https://notes.example.com", "POST").await;
    assert_eq!(status, 200);
    assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}
