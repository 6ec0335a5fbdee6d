//! Request IDs, which appear in the response header, in errors and in the log.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tower_http::request_id::{MakeRequestId, RequestId};

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Generates IDs of 96 random bits for requests that have none.
#[derive(Clone, Copy)]
pub struct Random;

impl MakeRequestId for Random {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let mut bits = [0; 12];
        getrandom::fill(&mut bits).ok()?;
        HeaderValue::from_str(&URL_SAFE_NO_PAD.encode(bits)).ok().map(RequestId::new)
    }
}

/// Drops IDs from clients that are too long or contain unusual characters, as IDs are written into logs and headers.
pub async fn forget_odd(mut request: Request, next: Next) -> Response {
    if request.headers().get(HEADER).is_some_and(|value| !is_plain(value.as_bytes())) {
        request.headers_mut().remove(HEADER);
    }
    next.run(request).await
}

fn is_plain(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    (1..=64).contains(&name.len()) && name.iter().all(plain)
}

/// Gives handlers the ID of their request.
pub trait RequestIdExt {
    fn request_id(&self) -> String;
}

impl<B> RequestIdExt for axum::http::Request<B> {
    fn request_id(&self) -> String {
        let id = self.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
        id.unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_request_ids_are_kept() {
        assert!(is_plain(b"7b1f-a_B.9:1"));
        assert!(is_plain(&[b'a'; 64]));
        for odd in [&b""[..], b"a b", b"a\"b", b"\xc3\xbc", &[b'a'; 65]] {
            assert!(!is_plain(odd));
        }
    }
}
