//! Requests that are refused before execution, and why.

use std::num::NonZero;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use breadth::Location;

use super::rate_limit::{RateLimitExceeded, RateLimitKind};
use crate::error::Cause;
use crate::meter::LimitExceeded;

/// A refusal: the HTTP status, a code for programs, and a message for people.
#[derive(Debug)]
pub struct HttpError {
    /// `None` if the document is at fault: the status then depends on the media type of the response.
    pub status: Option<StatusCode>,
    pub code: &'static str,
    pub message: String,
    pub locations: Vec<Location>,
    pub header: Option<(HeaderName, &'static str)>,
    /// Value of `Retry-After`, in seconds.
    pub retry_after: Option<NonZero<u32>>,
}

impl HttpError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: Some(status),
            code,
            message: message.into(),
            locations: Vec::new(),
            header: None,
            retry_after: None,
        }
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// Asks the client to retry in a second.
    fn soon(self) -> Self {
        Self { retry_after: Some(NonZero::<u32>::MIN), ..self }
    }

    /// The same response for all invalid tokens, so that nobody learns which of them were once valid.
    pub fn unauthenticated() -> Self {
        let message = "This request needs a valid token; send it in the header `Authorization: Bearer TOKEN`.";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message).with(header::WWW_AUTHENTICATE, "Bearer")
    }

    pub fn forbidden_origin(origin: &HeaderValue) -> Self {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let message = format!(
            "The origin {} is not allowed. The operator of the server can allow it with --allow-origin.",
            origin.chars().take(200).collect::<String>()
        );
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN_ORIGIN", message)
    }

    pub fn method(sent: &str, allowed: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", format!("{sent}; use {allowed}."))
            .with(header::ALLOW, allowed)
    }

    pub fn subprotocol(supported: &str) -> Self {
        let message = format!("The header `sec-websocket-protocol` does not contain `{supported}`.");
        Self::bad_request(message)
    }

    pub fn websocket_version() -> Self {
        let message = "The header `sec-websocket-version` is not 13.";
        Self::new(StatusCode::UPGRADE_REQUIRED, "BAD_REQUEST", message).with(header::SEC_WEBSOCKET_VERSION, "13")
    }

    pub fn too_many_sockets(most: usize) -> Self {
        let message = format!("This address has {most} open sockets; close one, or run more operations on each.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message).soon()
    }

    pub fn too_many_streams(most: usize) -> Self {
        let message = format!("This token has {most} open sockets and streams; close one.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message).soon()
    }

    pub fn too_many_on_socket(most: usize) -> Self {
        let message = format!("This socket has {most} running operations; complete one, or open another socket.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message)
    }

    pub fn not_acceptable() -> Self {
        let message = "`Accept` permits neither application/graphql-response+json nor application/json.";
        Self::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message)
    }

    pub fn media_type(found: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", found)
    }

    pub fn too_large(limit: usize) -> Self {
        let message = format!("The body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
    }

    pub fn slow_body() -> Self {
        let message = "The body did not arrive within the time limit.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", message).with(header::CONNECTION, "close")
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// For an ambiguous request head: it may leave open where the request ends, so the connection is closed.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::bad_request(message).with(header::CONNECTION, "close")
    }

    /// For a document that cannot be executed, whatever the rest of the request says.
    pub fn document(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: None, code, message: message.into(), locations: Vec::new(), header: None, retry_after: None }
    }

    /// For an unknown document id. Clients look for exactly this message, and then send the text together with the id.
    pub fn persisted_query_not_found() -> Self {
        Self::document("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
    }

    /// For servers that accept no document ids. Clients look for exactly this message, and send texts from then on.
    pub fn persisted_query_not_supported() -> Self {
        Self::document("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    }

    pub fn persisted_query_only() -> Self {
        let message = "This server accepts only documents that its operator has listed; send the id of one as \
                       `documentId`, without `query`.";
        Self::document("PERSISTED_QUERY_ONLY", message)
    }

    pub fn wrong_hash() -> Self {
        let message = "The id of another document was sent with `query`; send `query` alone, or with its own SHA-256.";
        Self::bad_request(message)
    }

    pub fn rate_limited(exceeded: RateLimitExceeded) -> Self {
        let who = if exceeded.is_address { "address" } else { "token" };
        let message = match exceeded.limit {
            RateLimitKind::Operations => {
                format!("This {who} has reached its limit of concurrent operations; wait for one to end.")
            }
            RateLimitKind::Budget => {
                format!("This {who} has spent its budget, which refills over time; try again later.")
            }
        };
        let seconds = u32::try_from(exceeded.retry_after.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
        let retry_after = Some(NonZero::new(seconds).unwrap_or(NonZero::<u32>::MIN));
        let error = Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message) };
        // Closing the connection makes the address pay for a new one before it can send the next request.
        if exceeded.is_address { error.with(header::CONNECTION, "close") } else { error }
    }

    pub fn timeout() -> Self {
        let message = "The operation exceeded the time limit. Its changes, if any, may still be made.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", message).soon()
    }

    /// For a mutation whose changes were made but whose response was not written in time. There is no `Retry-After`, as
    /// the request must not be repeated.
    pub fn timeout_of_change() -> Self {
        let message = "The time limit passed while the response was written. The changes were made.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", message)
    }

    /// For an operation that still runs when the server shuts down.
    pub fn stopping() -> Self {
        let message = "The server is shutting down. The changes of the operation, if any, may still be made.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message).with(header::CONNECTION, "close").soon()
    }

    /// Logs the cause; the client only gets the request ID that the log entry has.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = %cause, "the operation failed");
        let message = "The server failed. Its log has the reason under this request ID.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }
}

impl From<LimitExceeded> for HttpError {
    fn from(limit: LimitExceeded) -> Self {
        crate::error::Error::from(limit).into()
    }
}

impl From<crate::error::Error> for HttpError {
    fn from(error: crate::error::Error) -> Self {
        let code = error.code();
        let error = breadth::Error::from(error);
        if let Some(cause) = error.cause.as_ref().and_then(|cause| cause.downcast_ref::<Cause>()) {
            tracing::error!(code, cause = %cause.0, "the request failed");
        }
        match code {
            "UNAVAILABLE" => Self::new(StatusCode::SERVICE_UNAVAILABLE, code, error.message).soon(),
            "RATE_LIMITED" => Self::new(StatusCode::TOO_MANY_REQUESTS, code, error.message).soon(),
            "STORAGE_FULL" => Self::new(StatusCode::INSUFFICIENT_STORAGE, code, error.message),
            "INTERNAL" => Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, error.message),
            _ => Self::new(StatusCode::BAD_REQUEST, code, error.message),
        }
    }
}
