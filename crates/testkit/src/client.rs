//! A client of the server.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::app::App;
use super::costs;
use super::response::Response;

/// A client with or without a token.
#[derive(Clone)]
pub struct Client {
    _keep: App,
    router: Router,
    token: Option<String>,
}

impl Client {
    pub fn new(app: &App, token: Option<String>) -> Self {
        Self { _keep: app.clone(), router: app.router(), token }
    }

    /// The token in clear text; empty if the client has none.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub async fn query(&self, document: &str) -> Response {
        self.query_with(document, json!({})).await
    }

    pub async fn query_with(&self, document: &str, variables: Value) -> Response {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let mut request = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
        if costs::are_reported() {
            request = request.header("x-graphql-cost", "1");
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let mut response = self.send(request.body(Body::from(body)).unwrap()).await;
        costs::report(document, &mut response);
        response
    }

    /// Sends any request as it is, without adding a token.
    pub async fn send(&self, request: Request<Body>) -> Response {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text.clone().into());
        Response { status: head.status.as_u16(), headers: head.headers, text, body }
    }
}
