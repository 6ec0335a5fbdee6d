//! Hands the playground its token in exchange for a short-lived, single-use code.
//!
//! The code is in the fragment of the URL that `serve --demo` prints. URLs end up in browser histories, screenshots and
//! bookmarks; a token in the URL would be usable there until it expires.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use super::accept::MediaType;
use super::connection_cpu::ConnectionCpu;
use super::error::HttpError;
use super::graphql::GraphqlState;
use super::rate_limit::RateLimitPermit;
use super::request_id::RequestIdExt;
use super::{body, origin, response, sha256};
use crate::auth::Secret;

/// Maximum size of the body, in bytes; a code has 43.
const BODY: usize = 1 << 10;
/// Timeout for the body; our own page sends it together with the head.
const TIME: Duration = Duration::from_secs(2);
/// Points that an address is charged per attempt, whether the code is right or wrong: by default it can make 40
/// attempts at once, then 4 a second.
const ATTEMPT: u64 = 1_000_000;

/// A token that waits to be fetched.
pub struct PlaygroundSession {
    /// SHA-256 of the code. Comparing hashes reveals nothing about the code by its timing.
    code: [u8; 32],
    token: Mutex<Option<Secret>>,
    until: Instant,
}

impl PlaygroundSession {
    /// How long a code is valid after the server has started.
    pub const LIFETIME: Duration = Duration::from_mins(10);

    /// Keeps a token for `lifetime`, and generates the code for fetching it: 256 random bits.
    ///
    /// # Errors
    /// If the system cannot provide random bytes.
    pub fn start(token: Secret, lifetime: Duration) -> Result<(Self, String), getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        let code = URL_SAFE_NO_PAD.encode(bits);
        let session =
            Self { code: sha256::hash(&code), token: Mutex::new(Some(token)), until: Instant::now() + lifetime };
        Ok((session, code))
    }

    /// Returns the token if the code is right and still valid. This works once.
    fn redeem(&self, code: &str) -> Option<Secret> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() >= self.until {
            *token = None;
        }
        if sha256::hash(code) == self.code { token.take() } else { None }
    }
}

impl std::fmt::Debug for PlaygroundSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("until", &self.until).finish_non_exhaustive()
    }
}

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
    // So small a body takes less than the attempt costs.
    let cpu = ConnectionCpu::default();
    let read = body::read(sent, BODY, &cpu, |_| Ok(()), |_| Ok(()));
    let sent = timeout(TIME.min(state.settings.body_timeout), read).await.map_err(|_| HttpError::slow_body())??;
    let Ok(Input { code }) = serde_json::from_slice(&sent) else {
        return Err(HttpError::bad_request("The body has to be {\"code\": \"...\"} and nothing else."));
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
        message: "This code does not hold: it is another one, was used, or is too old.".to_owned(),
        locations: Vec::new(),
        header: Some((header::WWW_AUTHENTICATE, "Bearer")),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> (PlaygroundSession, String) {
        PlaygroundSession::start(Secret::from_text("ng_1_secret"), PlaygroundSession::LIFETIME).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_holds_once() {
        let (session, code) = session();
        assert_eq!(code.len(), 43);
        assert!(session.redeem("").is_none() && session.redeem(&code.to_lowercase()).is_none());
        assert_eq!(session.redeem(&code).unwrap().reveal(), "ng_1_secret");
        assert!(session.redeem(&code).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_holds_for_its_time() {
        let (session, code) = session();
        tokio::time::advance(PlaygroundSession::LIFETIME).await;
        assert!(session.redeem(&code).is_none());
        assert!(session.token.lock().unwrap().is_none(), "the token is kept");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_of_it_is_shown() {
        let (session, code) = session();
        let shown = format!("{session:?}");
        assert!(!shown.contains(&code) && !shown.contains("ng_1_"), "{shown}");
    }
}
