//! Errors as responses list them (GraphQL, section 7.1.2): of a document, of what is sent with it, and of fields.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;

/// A position in a document: line and column from 1. Columns count UTF-16 units, as editors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    pub line: usize,
    pub column: usize,
}

/// A step of the path from the root of a response to a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PathSegment {
    /// A response key.
    Field(String),
    /// A position in a list, from 0.
    Index(usize),
}

/// The error extension that says whether the failed root field has changed anything; null if that is unknown.
pub const CHANGED: &str = "changed";

/// An error of a response. Serialized, it is an entry of `errors`; empty members and the cause are left out.
#[derive(Clone, Debug, Serialize)]
pub struct ResponseError {
    pub message: String,
    /// The positions in the document that the error concerns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// The field that failed; empty for a request error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<PathSegment>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<&'static str, Value>,
    #[serde(skip)]
    cause: Option<Arc<dyn Any + Send + Sync>>,
}

/// An error that belongs to no field of the response, such as that of the source of a subscription.
impl From<Error> for ResponseError {
    fn from(error: Error) -> Self {
        Self::of_field(error, Vec::new(), Vec::new())
    }
}

impl ResponseError {
    pub fn new(message: impl Into<String>) -> Self {
        let (locations, path) = (Vec::new(), Vec::new());
        Self { message: message.into(), locations, path, extensions: BTreeMap::new(), cause: None }
    }

    /// The error of a field.
    pub(crate) fn of_field(error: Error, locations: Vec<Location>, path: Vec<PathSegment>) -> Self {
        let Error { message, code, cause } = error;
        let mut shown = Self { locations, path, cause, ..Self::new(message) };
        if let Some(code) = code {
            shown.set("code", code);
        }
        shown
    }

    pub(crate) fn at(message: impl Into<String>, locations: Vec<Location>) -> Self {
        Self { locations, ..Self::new(message) }
    }

    /// The machine-readable `extensions.code`.
    pub fn code(&self) -> Option<&str> {
        self.extensions.get("code")?.as_str()
    }

    /// Sets an extension.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.extensions.insert(name, value.into());
    }

    /// The [`cause`](Error::cause) of the field's error, if there is one of this type.
    pub fn cause<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.cause.as_ref()?.downcast_ref()
    }
}

/// Whether an error says if its root field has changed anything.
pub fn tells_changes(error: &ResponseError) -> bool {
    error.extensions.contains_key(CHANGED)
}

impl Display for ResponseError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ResponseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_serialized_as_responses_list_it() {
        let shown = |error: &ResponseError| serde_json::to_string(error).unwrap();
        assert_eq!(shown(&ResponseError::new("no")), r#"{"message":"no"}"#);
        let error = Error { message: "no".to_owned(), code: Some("NOT_FOUND"), cause: Some(Arc::new(7_u8)) };
        let path = vec![PathSegment::Field("notes".to_owned()), PathSegment::Index(3)];
        let error = ResponseError::of_field(error, vec![Location { line: 1, column: 2 }], path);
        assert_eq!(
            shown(&error),
            r#"{"message":"no","locations":[{"line":1,"column":2}],"path":["notes",3],"extensions":{"code":"NOT_FOUND"}}"#
        );
        assert_eq!((error.code(), error.cause::<u8>(), error.cause::<i8>()), (Some("NOT_FOUND"), Some(&7), None));
    }
}
