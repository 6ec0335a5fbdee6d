//! A response of the server.

use std::ops::Index;

use axum::http::HeaderMap;
use serde_json::Value;

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
