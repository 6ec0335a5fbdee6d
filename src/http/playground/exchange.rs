//! `POST /playground/session`, at which the playground fetches its token.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use tokio::time::timeout;

use crate::auth::Secret;
use crate::http::error::HttpError;
use crate::http::rate_limit::RateLimitPermit;
use crate::http::request::accept::MediaType;
use crate::http::request::body;
use crate::http::request::origin;
use crate::http::request::request_id::RequestIdExt;
use crate::http::response;
use crate::http::server::connection_cpu::ConnectionCpu;
use crate::http::state::GraphqlState;

/// Maximum size of the body, in bytes; a code has 43.
const BODY: usize = 1 << 10;
/// Timeout for the body; our own page sends it together with the head.
const TIME: Duration = Duration::from_secs(2);
/// Points that an address is charged per attempt, whether the code is right or wrong: by default it can make 40
/// attempts at once, then 4 a second.
const ATTEMPT: u64 = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    code: String,
}

/// Handles `POST /playground/session` with `{"code": "..."}`: responds with `{"token": "..."}`.
pub async fn open(State(state): State<Arc<GraphqlState>>, request: Request<Body>) -> Response {
    let request_id = request.request_id();
    match exchange(&state, request).await {
        Ok(token) => {
            let mut response = Response::new(Body::from(serde_json::json!({ "token": token.reveal() }).to_string()));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => response::error_response(error, MediaType::Json, &request_id),
    }
}

async fn exchange(state: &GraphqlState, request: Request<Body>) -> Result<Secret, HttpError> {
    let (head, sent) = request.into_parts();
    // Refuse pages of other origins, even of those that may use the API.
    origin::check(&head.headers, &head.uri, &[])?;
    body::check_media_type(&head.headers)?;
    body::check_length(&head.headers, BODY)?;
    // Do not wait for the body if there is no session.
    let session = state.settings.session.as_deref().ok_or_else(wrong_code)?;
    // Reading so small a body takes less than the attempt costs.
    let cpu = ConnectionCpu::default();
    let read = body::read(sent, BODY, &cpu, |_| Ok(()), |_| Ok(()));
    let sent = timeout(TIME.min(state.settings.body_timeout), read).await.map_err(|_| HttpError::slow_body())??;
    let Ok(Input { code }) = serde_json::from_slice(&sent) else {
        return Err(HttpError::bad_request("The body must be {\"code\": \"...\"} and nothing else."));
    };
    // Begin the turn only now: a client that never sends its body would occupy the operation slots of its address.
    let mut permit =
        RateLimitPermit::begin(&state.limits, state.client_addr(&head)).map_err(HttpError::rate_limited)?;
    permit.charge(ATTEMPT).map_err(HttpError::rate_limited)?;
    session.redeem(&code).ok_or_else(wrong_code)
}

/// The same response for all invalid codes, so that nobody learns which of them were once valid.
fn wrong_code() -> HttpError {
    HttpError {
        status: Some(StatusCode::UNAUTHORIZED),
        code: "UNAUTHENTICATED",
        message: "This code is not valid: it is wrong, already used, or expired.".to_owned(),
        locations: Vec::new(),
        header: Some((header::WWW_AUTHENTICATE, "Bearer")),
        retry_after: None,
    }
}
