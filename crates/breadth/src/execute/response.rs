//! The response to an operation (GraphQL, section 7.1).

use super::written::{NullPropagated, WrittenResponse};
use crate::plan::{Plan, PlannedFieldKind, ROOT};
use crate::response_error::ResponseError;

/// The result of an operation.
#[derive(Debug, Default)]
pub struct Response {
    pub data: ResponseData,
    pub errors: Vec<ResponseError>,
    /// Whether the response has no data: errors made each root field, or all data, null.
    pub is_empty: bool,
}

/// The data of a response.
#[derive(Debug, Default)]
pub enum ResponseData {
    /// Nothing was executed.
    #[default]
    Nothing,
    /// A null has propagated to the root.
    Null,
    /// JSON, in pieces.
    Written(Vec<Vec<u8>>),
}

impl Response {
    /// A response with request errors; nothing was executed.
    pub fn refused(errors: Vec<ResponseError>) -> Self {
        Self { data: ResponseData::Nothing, errors, is_empty: true }
    }

    /// The whole response as JSON (GraphQL, section 7.1): errors if there are any, and data unless nothing was
    /// executed.
    pub fn to_json(&self) -> String {
        let mut parts = Vec::new();
        if !self.errors.is_empty() {
            let errors = serde_json::to_string(&self.errors).unwrap_or_else(|_| "[]".to_owned());
            parts.push(format!("\"errors\":{errors}"));
        }
        if !matches!(self.data, ResponseData::Nothing) {
            parts.push(format!("\"data\":{}", self.json()));
        }
        format!("{{{}}}", parts.join(","))
    }

    /// The data as JSON text, or `null` if there is none.
    pub fn json(&self) -> String {
        match &self.data {
            ResponseData::Written(pieces) => pieces.iter().map(|piece| String::from_utf8_lossy(piece)).collect(),
            ResponseData::Null | ResponseData::Nothing => "null".to_owned(),
        }
    }

    pub(crate) fn new(plan: &Plan, result: Result<(), NullPropagated>, written: WrittenResponse) -> Self {
        let WrittenResponse { out, errors, failed, .. } = written;
        let data = if result.is_ok() { ResponseData::Written(out.into_pieces()) } else { ResponseData::Null };
        // `__typename` of the root does not count as data.
        let asked =
            plan.nodes[ROOT].fields.iter().filter(|field| !matches!(field.kind, PlannedFieldKind::TypeName)).count();
        Self { data, errors, is_empty: result.is_err() || failed > 0 && failed == asked }
    }
}
