//! The parameters of a request, as they came: in the JSON of a body, or in an address.

use axum::http::Uri;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// A parameter that holds text. It is not read before somebody needs it: it can be as long as the whole request.
#[derive(Debug)]
pub enum Text<'a> {
    /// A JSON value, which is a string where the client is right.
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
    /// Where it is no string, or half of a surrogate pair is in it.
    pub fn read(self, name: &str) -> Result<String, Refusal> {
        match self {
            Self::Json(raw) => serde_json::from_str(raw.get()).map_err(|error| wrong(name, "a string", Some(&error))),
            Self::Plain(text) => Ok(text),
        }
    }
}

/// The members of the object in a body. One that comes twice is refused.
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

/// The same in an address, where `variables` and `extensions` are JSON in text.
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
    /// Where the body is no JSON object, or has a parameter twice.
    pub fn read(body: &'a str) -> Result<Self, Refusal> {
        serde_json::from_str(body).map_err(|error| {
            if error.is_data() {
                Refusal::bad_request(format!("The body is no JSON object with one of each parameter: {error}."))
            } else {
                Refusal::bad_request(format!("The body is not JSON: {error}."))
            }
        })
    }
}

impl AddressParameters {
    /// # Errors
    /// Where a parameter comes twice, or is not UTF-8.
    pub fn read(query: &str) -> Result<Self, Refusal> {
        let uri = Uri::builder().path_and_query(format!("/?{query}")).build();
        let parameters = uri.ok().and_then(|uri| axum::extract::Query::<Self>::try_from_uri(&uri).ok());
        parameters.map(|axum::extract::Query(parameters)| parameters).ok_or_else(|| {
            Refusal::bad_request("The parameters of the address cannot be read, or one of them comes twice.")
        })
    }
}

/// The refusal of a parameter that is not what it has to be; `error` says why it cannot be read.
pub fn wrong(name: &str, right: &str, error: Option<&serde_json::Error>) -> Refusal {
    // Nesting and escapes are the errors that are not of the kind of value.
    let reason = error.filter(|error| !error.is_data()).map(|error| format!(": {error}")).unwrap_or_default();
    Refusal::bad_request(format!("`{name}` has to be {right} or absent{reason}."))
}
