//! The raw parameters of a request, from a JSON body or a URL.

use axum::http::Uri;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::HttpError;

/// A text parameter, parsed only on demand, as it can be as long as the whole request.
#[derive(Debug)]
pub enum Text<'a> {
    /// A JSON value, which should be a string.
    Json(&'a RawValue),
    Plain(String),
}

impl Text<'_> {
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Json(raw) => raw.get() == "\"\"",
            Self::Plain(text) => text.is_empty(),
        }
    }

    /// # Errors
    /// If it is not a string, or contains an unpaired surrogate.
    pub fn read(self, name: &str) -> Result<String, HttpError> {
        match self {
            Self::Json(raw) => serde_json::from_str(raw.get()).map_err(|error| wrong(name, "a string", Some(&error))),
            Self::Plain(text) => Ok(text),
        }
    }
}

/// The members of the JSON object in a body. Duplicates are refused.
#[derive(Deserialize)]
pub struct BodyParameters<'a> {
    #[serde(borrow)]
    pub query: Option<&'a RawValue>,
    #[serde(borrow, rename = "operationName")]
    pub operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub variables: Option<&'a RawValue>,
    #[serde(borrow)]
    pub extensions: Option<&'a RawValue>,
    #[serde(borrow, rename = "documentId")]
    pub document_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub doc_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
}

/// The same parameters in a URL, where `variables` and `extensions` are JSON texts.
#[derive(Deserialize)]
pub struct AddressParameters {
    pub query: Option<String>,
    #[serde(rename = "operationName")]
    pub operation_name: Option<String>,
    pub variables: Option<String>,
    pub extensions: Option<String>,
    #[serde(rename = "documentId")]
    pub document_id: Option<String>,
    pub doc_id: Option<String>,
    pub id: Option<String>,
}

impl<'a> BodyParameters<'a> {
    /// # Errors
    /// If the body is not a JSON object, or has a parameter twice.
    pub fn read(body: &'a str) -> Result<Self, HttpError> {
        serde_json::from_str(body).map_err(|error| {
            if error.is_data() {
                HttpError::bad_request(format!("The body is not a JSON object with distinct parameters: {error}."))
            } else {
                HttpError::bad_request(format!("The body is not JSON: {error}."))
            }
        })
    }
}

impl AddressParameters {
    /// # Errors
    /// If a parameter occurs twice, or is not UTF-8.
    pub fn read(query: &str) -> Result<Self, HttpError> {
        let uri = Uri::builder().path_and_query(format!("/?{query}")).build();
        let parameters = uri.ok().and_then(|uri| axum::extract::Query::<Self>::try_from_uri(&uri).ok());
        parameters
            .map(|axum::extract::Query(parameters)| parameters)
            .ok_or_else(|| HttpError::bad_request("The query string cannot be read, or has a parameter twice."))
    }
}

/// The refusal of an invalid parameter; `right` says what it has to be, and `error` why it cannot be parsed.
pub fn wrong(name: &str, right: &str, error: Option<&serde_json::Error>) -> HttpError {
    // Errors that are not data errors concern nesting or escapes; only these say more than `right` does.
    let reason = error.filter(|error| !error.is_data()).map(|error| format!(": {error}")).unwrap_or_default();
    HttpError::bad_request(format!("`{name}` must be {right} or absent{reason}."))
}
