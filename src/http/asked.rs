//! What the client asks for, out of the body of a POST or the address of a GET.
//!
//! A request is taken apart in two steps: first what names the document, then the variables. So a request whose document is
//! not taken is refused before anything is built for it.

use std::borrow::Cow;

use async_graphql::{Value, Variables};
use serde_json::value::RawValue;

use super::named::Names;
use super::parameter::{AddressParameters, BodyParameters, Text, wrong};
use super::refusal::Refusal;
use crate::json::{self, ValueLimit};

/// How many values the JSON of a request may hold. Each takes some tens of bytes of memory, and an object some hundreds,
/// where the text of a zero takes two.
const MOST_VALUES: usize = 100_000;
/// The memory that one value takes when it is built, at most, in bytes: that of an object with one field is shared by two.
const VALUE_BYTES: u64 = 200;

/// What a client asks for.
#[derive(Debug)]
pub struct Request<'a> {
    pub names: Names<'a>,
    pub rest: Rest<'a>,
}

/// What a request says beside its document, not yet read.
#[derive(Debug)]
pub struct Rest<'a> {
    operation_name: Option<Text<'a>>,
    /// JSON.
    variables: Option<Cow<'a, str>>,
    /// What is left of it by the extensions.
    limit: ValueLimit,
    /// The memory that all values take at most.
    bytes: u64,
}

/// Out of the body of a POST.
pub fn in_body<'a>(body: &'a [u8]) -> Result<Request<'a>, Refusal> {
    let body =
        std::str::from_utf8(body).map_err(|error| Refusal::bad_request(format!("The body is not UTF-8: {error}.")))?;
    let start = body.trim_start();
    if start.is_empty() {
        return Err(Refusal::bad_request("The body is empty; send a JSON object with `query`."));
    }
    if start.starts_with('[') {
        return Err(Refusal::bad_request("Lists of operations are not taken; send each in a request of its own."));
    }
    let bytes = weigh(body)?;
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

/// Out of the address of a GET.
pub fn in_address(query: &str) -> Result<Request<'static>, Refusal> {
    let parameters = AddressParameters::read(query)?;
    for json in [&parameters.variables, &parameters.extensions].into_iter().flatten() {
        weigh(json)?;
    }
    let variables = object_of(parameters.variables, "variables")?;
    let relay = |name, id: Option<String>| id.map(|id| (name, Text::Plain(id)));
    let names = Names {
        query: parameters.query.map(Text::Plain),
        document_id: parameters.document_id.map(Text::Plain),
        extensions: object_of(parameters.extensions, "extensions")?,
        relay: relay("doc_id", parameters.doc_id).or_else(|| relay("id", parameters.id)),
    };
    // No memory is held for it: an address is as short as the head of a request.
    request(names, parameters.operation_name.map(Text::Plain), variables, 0)
}

/// Refuses JSON of too many values by a single walk over its bytes. Each value but the first of a list or an object
/// stands behind a comma, and each list and object begins with a bracket. Gives the memory that they take at most.
fn weigh(json: &str) -> Result<u64, Refusal> {
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
        return Err(Refusal::bad_request(format!("The request holds more than {MOST_VALUES} values.")));
    }
    Ok(values as u64 * VALUE_BYTES)
}

/// Checks the extensions: one of them is known, and the others are not built.
fn request<'a>(
    names: Names<'a>,
    operation_name: Option<Text<'a>>,
    variables: Option<Cow<'a, str>>,
    bytes: u64,
) -> Result<Request<'a>, Refusal> {
    let limit = ValueLimit::new(MOST_VALUES);
    if let Some(extensions) = &names.extensions {
        json::check(extensions, &limit).map_err(|error| broken("extensions", &error))?;
    }
    Ok(Request { names, rest: Rest { operation_name, variables, limit, bytes } })
}

impl Rest<'_> {
    /// The name of the operation, and the variables. Before they are built, `hold` is told how much memory they may take, and
    /// may refuse it.
    ///
    /// # Errors
    /// Where one of them is not what it has to be, or holds too much.
    pub fn read(self, hold: impl FnOnce(u64) -> Result<(), Refusal>) -> Result<(Option<String>, Variables), Refusal> {
        hold(self.bytes)?;
        let name = self.operation_name.map(|name| name.read("operationName")).transpose()?;
        // Many clients send an empty name where they mean none.
        let name = name.filter(|name| !name.is_empty());
        let Some(text) = self.variables else { return Ok((name, Variables::default())) };
        let value: Value = json::parse(&text, &self.limit).map_err(|error| broken("variables", &error))?;
        Ok((name, Variables::from_value(value)))
    }
}

/// The text of an object.
fn object<'a>(raw: Option<&'a RawValue>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match raw.map(RawValue::get) {
        None | Some("null") => Ok(None),
        Some(text) if text.starts_with('{') => Ok(Some(text)),
        Some(_) => Err(wrong(name, "an object", None)),
    }
}

/// The same of a parameter of an address, which may be empty.
fn object_of(text: Option<String>, name: &str) -> Result<Option<Cow<'static, str>>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let raw = serde_json::from_str(&text)
        .map_err(|error| Refusal::bad_request(format!("`{name}` in the address is not JSON: {error}.")))?;
    Ok(object(Some(raw), name)?.map(|text| Cow::Owned(text.to_owned())))
}

fn broken(name: &str, error: &serde_json::Error) -> Refusal {
    Refusal::bad_request(format!("`{name}` cannot be read: {error}."))
}

#[cfg(test)]
mod tests;
