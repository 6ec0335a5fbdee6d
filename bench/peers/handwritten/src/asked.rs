//! Checks of a request before anything is read.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

pub type Refusal = Response;

/// The SHA-256 of the token in the header.
pub fn hash(headers: &HeaderMap) -> Result<Vec<u8>, Refusal> {
    use sha2::Digest;
    let header = headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(refused)?;
    Ok(sha2::Sha256::digest(token.as_bytes()).to_vec())
}

pub fn refused() -> Refusal {
    StatusCode::UNAUTHORIZED.into_response()
}

pub fn failed(error: sqlx::Error) -> Refusal {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

pub fn missing() -> Refusal {
    StatusCode::NOT_FOUND.into_response()
}
