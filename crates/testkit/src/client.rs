//! A client of the server.

use std::ops::Index;

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::app::App;
use super::costs;

/// A client with or without a token.
#[derive(Clone)]
pub struct Client {
    _keep: App,
    router: Router,
    token: Option<String>,
}

/// A response of the server.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON, or as a JSON string if it is not JSON.
    pub body: Value,
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

impl Response {
    /// The data of a response without errors.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(self.errors().is_empty(), "the answer has errors (status {}): {:#}", self.status, self.body);
        &self.body["data"]
    }

    pub fn errors(&self) -> &[Value] {
        self.body["errors"].as_array().map_or(&[], Vec::as_slice)
    }

    /// `extensions.code` of each error.
    pub fn codes(&self) -> Vec<&str> {
        self.errors().iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("no code")).collect()
    }
}

/// `response["note"]`: a field in the data of a response without errors.
impl Index<&str> for Response {
    type Output = Value;

    #[track_caller]
    fn index(&self, field: &str) -> &Value {
        &self.data()[field]
    }
}
