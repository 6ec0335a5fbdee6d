//! Responses: their status, headers and errors.

use std::collections::{BTreeMap, HashSet};

use async_graphql::{Name, Value};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use breadth::{Buffer, PathSegment, ResponseData, ResponseError, tells_changes};

use super::error::HttpError;
use super::request::accept::MediaType;
use super::response_body::{self, ResponseGuard};
use crate::error::Cause;
use crate::meter::OperationUsage;
use crate::store::db::DbFault;

/// Maximum number of errors in a response, not counting those of mutation root fields; the first ones are listed. A
/// hostile document can cause thousands.
const MOST_ERRORS: usize = 10;
/// Maximum number of errors that are processed. Errors beyond it are dropped, and not counted in `errorsLeftOut`
/// either.
const MOST_SETTLED: usize = 1_000;
/// Maximum length of an error message, in characters.
const LONGEST_MESSAGE: usize = 500;
/// Maximum lengths, in characters, of an error message about the document and of a word in it: such messages repeat
/// names that the client chose.
const LONGEST_OF_DOCUMENT: usize = 200;
const LONGEST_WORD: usize = 60;

struct Answer<'a> {
    errors: Vec<&'a ResponseError>,
    data: ResponseData,
    extensions: BTreeMap<String, Value>,
}

impl<'a> Answer<'a> {
    fn new(data: ResponseData, errors: &'a [ResponseError], cost: Option<(u64, OperationUsage)>) -> Self {
        let mut extensions = BTreeMap::new();
        let told = told(errors);
        if told.len() < errors.len() {
            extensions.insert("errorsLeftOut".to_owned(), (errors.len() - told.len()).into());
        }
        if let Some((estimate, usage)) = cost {
            extensions.insert("cost".to_owned(), shown_cost(estimate, usage));
        }
        Self { errors: told, data, extensions }
    }

    /// Writes errors before data, as the specification recommends, so that readers notice them.
    fn json(self) -> serde_json::Result<Vec<Vec<u8>>> {
        let mut out = Buffer::with_capacity(1024);
        let member = |out: &mut Buffer, name: &str| {
            out.push(if out.written() == 0 { b'{' } else { b',' });
            out.extend(name.as_bytes());
        };
        if !self.errors.is_empty() {
            member(&mut out, "\"errors\":");
            serde_json::to_writer(out.last(), &self.errors)?;
        }
        match self.data {
            ResponseData::Nothing => {}
            ResponseData::Null => member(&mut out, "\"data\":null"),
            ResponseData::Written(pieces) => {
                member(&mut out, "\"data\":");
                for piece in pieces {
                    out.append(piece);
                }
            }
        }
        if !self.extensions.is_empty() {
            member(&mut out, "\"extensions\":");
            serde_json::to_writer(out.last(), &self.extensions)?;
        }
        out.push(b'}');
        Ok(out.into_pieces())
    }
}

/// The errors that are listed. Those about mutations always are: the client needs them to know which changes were made.
fn told(errors: &[ResponseError]) -> Vec<&ResponseError> {
    let told = errors.iter().enumerate().filter(|(number, error)| *number < MOST_ERRORS || tells_changes(error));
    told.map(|(_, error)| error).collect()
}

/// Adds the code and the request ID to every error, and logs the causes of server errors. Each distinct cause is logged
/// once, as all root fields fail while the database is down. Call this in the task that runs the operation: the client
/// may have disconnected by the time the response is written.
pub fn finalize_errors(response: &mut breadth::Response, request_id: &str) {
    // Always keep errors about mutations: the client needs them to know which changes were made.
    let mut number = 0;
    response.errors.retain(|error| {
        number += 1;
        number <= MOST_SETTLED || tells_changes(error)
    });
    let mut causes = HashSet::new();
    for error in &mut response.errors {
        if error.code().is_none() {
            let code = if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "INVALID" };
            error.set("code", code);
        }
        error.set("requestId", request_id);
        if error.path.is_empty() {
            error.message = with_short_words(&error.message);
            error.locations.truncate(MOST_ERRORS);
            shorten(&mut error.message, LONGEST_OF_DOCUMENT);
        } else {
            shorten(&mut error.message, LONGEST_MESSAGE);
        }
        if let Some(cause) = error.cause::<Cause>()
            && causes.len() < MOST_ERRORS
            && causes.insert(cause.0.to_string())
        {
            let path: Vec<_> = error.path.iter().map(segment).collect();
            tracing::error!(code = error.code(), path = path.join("."), cause = %cause.0, "a field failed");
        }
    }
}

/// The database faults that made fields fail.
pub fn faults(response: &breadth::Response) -> impl Iterator<Item = DbFault> {
    response.errors.iter().filter_map(|error| error.cause::<Cause>()?.fault())
}

/// The result of an operation, and what the response needs besides.
pub struct Executed {
    pub response: breadth::Response,
    /// Whether the client may safely send the operation again, because it changed nothing.
    pub repeatable: bool,
    /// The estimated cost and the measured usage, if the operation has ended.
    pub cost: Option<(u64, OperationUsage)>,
    pub guard: ResponseGuard,
}

/// The estimated and the actual cost of an operation in points: an extension of its response, for the request's log
/// line.
#[derive(Clone, Copy)]
pub struct OperationCost {
    pub estimate: u64,
    pub actual: u64,
}

/// Builds the response to an operation that was executed, or that the schema rejected. The status is one that invites a
/// retry only if the response has no data and nothing was changed. `shows_cost` adds `extensions.cost`.
pub fn operation_response(executed: Executed, media_type: MediaType, shows_cost: bool) -> Response {
    let Executed { response: breadth::Response { data, errors, is_empty }, repeatable, cost, guard } = executed;
    let has = |wanted| errors.iter().any(|error| error.code() == Some(wanted));
    let status = match data {
        ResponseData::Nothing => document_status(media_type),
        _ if !is_empty || !repeatable => StatusCode::OK,
        _ if has("RATE_LIMITED") => StatusCode::TOO_MANY_REQUESTS,
        _ if has("STORAGE_FULL") => StatusCode::INSUFFICIENT_STORAGE,
        _ if has("UNAVAILABLE") || has("TIMEOUT") => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    // With an error status, data must be null or absent (GraphQL over HTTP, section 6.4).
    let data = match data {
        ResponseData::Written(_) if !status.is_success() => ResponseData::Null,
        data => data,
    };
    let mut answer = write(status, media_type, Answer::new(data, &errors, cost.filter(|_| shows_cost)), guard);
    if let Some((estimate, usage)) = cost {
        answer.extensions_mut().insert(OperationCost { estimate, actual: usage.cost() });
    }
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

/// A result as the payload of a message. Its bytes count as unread until the guard is dropped.
pub struct Payload {
    /// JSON in pieces: a result, or the list of errors if nothing was executed.
    pub pieces: Vec<Vec<u8>>,
    pub is_refusal: bool,
    pub cost: Option<OperationCost>,
    pub guard: ResponseGuard,
}

/// Builds the payload for an operation that was executed, or that the schema rejected.
pub fn operation_payload(executed: Executed, shows_cost: bool) -> Payload {
    let Executed { response: breadth::Response { data, errors, .. }, cost, guard, .. } = executed;
    let is_refusal = matches!(data, ResponseData::Nothing);
    let written = if is_refusal {
        Ok(vec![errors_as_json(&errors)])
    } else {
        Answer::new(data, &errors, cost.filter(|_| shows_cost)).json()
    };
    let pieces = written.unwrap_or_else(|error| {
        tracing::error!(cause = %error, "cannot serialize the response");
        vec![b"null".to_vec()]
    });
    if let Some(meter) = &guard.meter {
        meter.answered(pieces.iter().map(|piece| piece.len() as u64).sum());
    }
    let cost = cost.map(|(estimate, usage)| OperationCost { estimate, actual: usage.cost() });
    Payload { pieces, is_refusal, cost, guard }
}

/// A list of errors as JSON.
pub fn errors_as_json(errors: &[ResponseError]) -> Vec<u8> {
    serde_json::to_vec(&told(errors)).unwrap_or_else(|_| b"[]".to_vec())
}

/// The list of errors for an operation that was refused before execution, as JSON.
pub fn error_payload(http_error: HttpError, request_id: &str) -> Vec<u8> {
    serde_json::to_vec(&[refusal(http_error, request_id)]).unwrap_or_else(|_| b"[]".to_vec())
}

fn refusal(http_error: HttpError, request_id: &str) -> ResponseError {
    let mut error = ResponseError::new(http_error.message);
    error.locations = http_error.locations;
    error.set("code", http_error.code);
    error.set("requestId", request_id);
    shorten(&mut error.message, LONGEST_MESSAGE);
    error
}

/// Builds the response to a request that was refused before execution.
pub fn error_response(mut http_error: HttpError, media_type: MediaType, request_id: &str) -> Response {
    let (header, retry_after) = (http_error.header.take(), http_error.retry_after);
    let status = http_error.status;
    let error = refusal(http_error, request_id);
    let status = status.unwrap_or_else(|| document_status(media_type));
    let answer = Answer { errors: vec![&error], data: ResponseData::Nothing, extensions: BTreeMap::new() };
    let mut answer = write(status, media_type, answer, ResponseGuard::default());
    if let Some((name, value)) = header {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.get().into());
    }
    answer
}

/// The status for a document with errors. Old clients take an error status for a failed connection and ignore the
/// errors.
fn document_status(media_type: MediaType) -> StatusCode {
    match media_type {
        MediaType::Json => StatusCode::OK,
        MediaType::GraphqlResponse => StatusCode::BAD_REQUEST,
    }
}

/// `extensions.cost`: the estimated and the actual cost in points, and the measured usage in microseconds, rows and
/// bytes.
fn shown_cost(estimate: u64, usage: OperationUsage) -> Value {
    let micros = |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let actual = [
        ("points", usage.cost()),
        ("databaseMicroseconds", micros(usage.database)),
        ("cpuMicroseconds", micros(usage.cpu)),
        ("statements", usage.statements),
        ("rows", usage.rows),
        ("rowBytes", usage.row_bytes),
        ("values", usage.values),
        ("answerBytes", usage.answer_bytes),
    ];
    let actual = actual.into_iter().map(|(name, number)| (Name::new(name), number.into())).collect();
    let estimated = [(Name::new("points"), estimate.into())].into_iter().collect();
    let cost = [(Name::new("estimated"), Value::Object(estimated)), (Name::new("actual"), Value::Object(actual))];
    Value::Object(cost.into_iter().collect())
}

fn write(status: StatusCode, media_type: MediaType, answer: Answer<'_>, guard: ResponseGuard) -> Response {
    let (status, body) = match answer.json() {
        Ok(body) => (status, body),
        Err(error) => {
            tracing::error!(cause = %error, "cannot serialize the response");
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    };
    let mut response = Response::new(response_body::body(body, guard));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, media_type.header());
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

fn with_short_words(message: &str) -> String {
    let words = message.split(' ').map(|word| {
        let mut word = word.to_owned();
        shorten(&mut word, LONGEST_WORD);
        word
    });
    words.collect::<Vec<_>>().join(" ")
}

fn shorten(message: &mut String, longest: usize) {
    let mut ends = message.char_indices().map(|(start, _)| start).skip(longest - 1);
    if let (Some(end), Some(_)) = (ends.next(), ends.next()) {
        message.truncate(end);
        message.push('…');
    }
}

fn segment(segment: &PathSegment) -> String {
    match segment {
        PathSegment::Field(name) => name.clone(),
        PathSegment::Index(index) => index.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_truncated_at_a_character() {
        for (length, kept) in [(0, 0), (499, 499), (500, 500), (501, 500), (5000, 500)] {
            let mut message = "ü".repeat(length);
            shorten(&mut message, 500);
            assert_eq!(message.chars().count(), kept, "{length}");
            assert_eq!(message.ends_with('…'), length > 500);
        }
    }

    #[test]
    fn a_response_repeats_little_of_an_invalid_document() {
        let unknown = "ü".repeat(700);
        let error = || ResponseError::new(format!("Unknown field \"{unknown}\" on type \"Query\"."));
        let mut response = breadth::Response::refused((0..5_000).map(|_| error()).collect());
        finalize_errors(&mut response, "id");
        assert_eq!(response.errors.len(), MOST_SETTLED);
        let message = &response.errors[0].message;
        assert_eq!(*message, format!("Unknown field \"{}… on type \"Query\".", "ü".repeat(LONGEST_WORD - 2)));
    }
}
