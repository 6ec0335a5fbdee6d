//! Who speaks to the server.

use std::ops::Index;

use notegraph::auth;
use serde_json::{Value, json};

use super::app::App;

/// A client with a token, or without one.
#[derive(Clone)]
pub struct Client {
    app: App,
    token: Option<String>,
}

/// The server's answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub body: Value,
}

impl Client {
    pub fn new(app: &App, token: Option<String>) -> Self {
        Self { app: app.clone(), token }
    }

    /// The token in clear; empty where the client has none.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub async fn query(&self, document: &str) -> Response {
        self.query_with(document, json!({})).await
    }

    pub async fn query_with(&self, document: &str, variables: Value) -> Response {
        let context = self.app.context();
        let viewer = match &self.token {
            Some(token) => auth::authenticate(&context.db, &context.clock, token).await.unwrap(),
            None => None,
        };
        let Some(viewer) = viewer else {
            let body =
                json!({ "errors": [{ "message": "no valid token", "extensions": { "code": "UNAUTHENTICATED" } }] });
            return Response { status: 401, body };
        };
        let request = async_graphql::Request::new(document).variables(async_graphql::Variables::from_json(variables));
        let request = context.prepare(request, viewer);
        let schema = self.app.schema().clone();
        // As the server does: an operation ends, whatever becomes of who asked.
        let response = tokio::spawn(async move { schema.execute(request).await }).await.unwrap();
        Response { status: 200, body: serde_json::to_value(&response).unwrap() }
    }
}

impl Response {
    /// The data of an answer without errors.
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

/// `response["note"]`: a field of the data of an answer without errors.
impl Index<&str> for Response {
    type Output = Value;

    #[track_caller]
    fn index(&self, field: &str) -> &Value {
        &self.data()[field]
    }
}
