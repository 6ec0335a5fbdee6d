//! Parses a GraphQL request from the body of a POST or the URL of a GET.
//!
//! A request is parsed in two steps: first the parameters that name the document, then the variables. A request with an
//! unacceptable document is thus refused before its variables are built.

use std::borrow::Cow;

use async_graphql::{Value, Variables};
use serde_json::value::RawValue;

use crate::http::documents::id::Names;
use crate::http::error::HttpError;
use crate::http::parameter::{AddressParameters, BodyParameters, Text, wrong};
use crate::json::{self, ValueLimit};

/// Maximum number of JSON values in a request. Each value takes tens of bytes of memory, an object hundreds, whereas a
/// zero takes two bytes of text.
const MOST_VALUES: usize = 100_000;
/// Upper bound of the memory that a built value takes, in bytes: an object with one field counts as two values.
const VALUE_BYTES: u64 = 200;

/// A GraphQL request, partly parsed.
#[derive(Debug)]
pub struct GraphqlRequest<'a> {
    pub names: Names<'a>,
    pub rest: Rest<'a>,
}

/// The parts of a request other than its document, not yet parsed.
#[derive(Debug)]
pub struct Rest<'a> {
    operation_name: Option<Text<'a>>,
    /// JSON text of an object.
    variables: Option<Cow<'a, str>>,
    /// The number of values that may still be built after checking the extensions.
    limit: ValueLimit,
    /// Upper bound of the memory that all values take, in bytes.
    bytes: u64,
}

/// Parses the body of a POST.
pub fn from_body<'a>(body: &'a [u8]) -> Result<GraphqlRequest<'a>, HttpError> {
    let body = std::str::from_utf8(body)
        .map_err(|error| HttpError::bad_request(format!("The body is not UTF-8: {error}.")))?;
    let start = body.trim_start();
    if start.is_empty() {
        return Err(HttpError::bad_request("The body is empty; send a JSON object with `query`."));
    }
    if start.starts_with('[') {
        return Err(HttpError::bad_request("Batches are not supported; send each operation in a request of its own."));
    }
    let bytes = count_values(body)?;
    let parameters = BodyParameters::read(body)?;
    let text = |raw: Option<&'a RawValue>| raw.map(Text::Json);
    let relay = |name, raw| text(raw).map(|id| (name, id));
    let names = Names {
        query: text(parameters.query),
        document_id: text(parameters.document_id),
        extensions: object(parameters.extensions, "extensions")?.map(Cow::Borrowed),
        relay: relay("doc_id", parameters.doc_id).or_else(|| relay("id", parameters.id)),
    };
    let variables = object(parameters.variables, "variables")?.map(Cow::Borrowed);
    request(names, text(parameters.operation_name), variables, bytes)
}

/// Parses the query string of a GET.
pub fn from_query(query: &str) -> Result<GraphqlRequest<'static>, HttpError> {
    let parameters = AddressParameters::read(query)?;
    for json in [&parameters.variables, &parameters.extensions].into_iter().flatten() {
        count_values(json)?;
    }
    let variables = object_of(parameters.variables, "variables")?;
    let relay = |name, id: Option<String>| id.map(|id| (name, Text::Plain(id)));
    let names = Names {
        query: parameters.query.map(Text::Plain),
        document_id: parameters.document_id.map(Text::Plain),
        extensions: object_of(parameters.extensions, "extensions")?,
        relay: relay("doc_id", parameters.doc_id).or_else(|| relay("id", parameters.id)),
    };
    // No memory is reserved: a URL is no longer than a request head may be.
    request(names, parameters.operation_name.map(Text::Plain), variables, 0)
}

/// Refuses JSON with too many values, by a single pass over its bytes. Every value except the first of a list or an
/// object follows a comma, and every list and object begins with a bracket. Returns an upper bound of the memory that
/// the values take, in bytes.
fn count_values(json: &str) -> Result<u64, HttpError> {
    let (mut values, mut in_string, mut is_escaped) = (1, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => values += 1,
            _ => {}
        }
    }
    if values > MOST_VALUES {
        return Err(HttpError::bad_request(format!("The request contains more than {MOST_VALUES} values.")));
    }
    Ok(values as u64 * VALUE_BYTES)
}

/// Checks the extensions without building them, as only one of them is used.
fn request<'a>(
    names: Names<'a>,
    operation_name: Option<Text<'a>>,
    variables: Option<Cow<'a, str>>,
    bytes: u64,
) -> Result<GraphqlRequest<'a>, HttpError> {
    let limit = ValueLimit::new(MOST_VALUES);
    if let Some(extensions) = &names.extensions {
        json::check(extensions, &limit).map_err(|error| broken("extensions", &error))?;
    }
    Ok(GraphqlRequest { names, rest: Rest { operation_name, variables, limit, bytes } })
}

impl Rest<'_> {
    /// Parses the operation name and the variables. Calls `hold` with the memory that they may take, in bytes, before
    /// building them; `hold` may refuse it. Of a document that is known, `declared` has the names of the variables that it
    /// declares: nothing is built of others, as nothing can use them.
    ///
    /// # Errors
    /// If one of them has the wrong type or holds too much.
    pub fn read(
        self,
        declared: Option<&[&str]>,
        hold: impl FnOnce(u64) -> Result<(), HttpError>,
    ) -> Result<(Option<String>, Variables), HttpError> {
        hold(if declared.is_some_and(<[_]>::is_empty) { 0 } else { self.bytes })?;
        let name = self.operation_name.map(|name| name.read("operationName")).transpose()?;
        // Many clients send an empty name to mean none.
        let name = name.filter(|name| !name.is_empty());
        let Some(text) = self.variables else { return Ok((name, Variables::default())) };
        let is_wanted = |name: &str| declared.is_none_or(|declared| declared.contains(&name));
        let value: Value =
            json::parse_fields(&text, &self.limit, &is_wanted).map_err(|error| broken("variables", &error))?;
        Ok((name, Variables::from_value(value)))
    }
}

/// The text of a parameter that has to be an object, null or absent.
fn object<'a>(raw: Option<&'a RawValue>, name: &str) -> Result<Option<&'a str>, HttpError> {
    match raw.map(RawValue::get) {
        None | Some("null") => Ok(None),
        Some(text) if text.starts_with('{') => Ok(Some(text)),
        Some(_) => Err(wrong(name, "an object", None)),
    }
}

/// The same for a URL parameter, which may also be empty.
fn object_of(text: Option<String>, name: &str) -> Result<Option<Cow<'static, str>>, HttpError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let raw = serde_json::from_str(&text)
        .map_err(|error| HttpError::bad_request(format!("`{name}` in the query string is not JSON: {error}.")))?;
    Ok(object(Some(raw), name)?.map(|text| Cow::Owned(text.to_owned())))
}

fn broken(name: &str, error: &serde_json::Error) -> HttpError {
    HttpError::bad_request(format!("`{name}` cannot be read: {error}."))
}

#[cfg(test)]
mod tests;
