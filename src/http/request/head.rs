//! Rejects request heads that are ambiguous.
//!
//! If a header that may occur once is sent twice (RFC 9110, section 5.3), each program on the way may use a different
//! one: a proxy could check one value, and this server act on the other. Such requests are refused, whatever the values
//! are.

use axum::http::{HeaderMap, HeaderName, Request, Version, header, uri::Authority};

use super::request_id;
use crate::http::error::HttpError;

/// Marks a request that came over a network connection. Only these need a `Host` header, as tests call the router
/// directly.
#[derive(Clone, Copy, Debug)]
pub struct OverConnection;

/// Headers with a single value that matter to this server or to a proxy in front of it. Two equal lines of
/// `Content-Length` never get here: the HTTP library merges them, as RFC 9110, section 8.6, permits, and refuses
/// different ones. `Content-Encoding` is a list, but the only accepted coding is `identity`, which nobody sends twice.
static SINGULAR: [HeaderName; 22] = [
    header::AUTHORIZATION,
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    header::ORIGIN,
    header::REFERER,
    header::USER_AGENT,
    header::FROM,
    header::DATE,
    header::EXPECT,
    header::RANGE,
    header::IF_RANGE,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::MAX_FORWARDS,
    header::PROXY_AUTHORIZATION,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::SEC_WEBSOCKET_KEY,
    request_id::HEADER,
];

/// # Errors
/// If a header is duplicated, which the message names, if `Transfer-Encoding` is not `chunked`, or if the host is
/// missing or invalid (RFC 9112, section 3.2).
pub fn check<B>(request: &Request<B>) -> Result<(), HttpError> {
    check_singular(request.headers())?;
    check_coding(request.headers())?;
    let is_over_connection = request.extensions().get::<OverConnection>().is_some();
    if is_over_connection { check_host(request.headers(), request.version()) } else { Ok(()) }
}

fn check_singular(headers: &HeaderMap) -> Result<(), HttpError> {
    // Fast path: usually no header is repeated.
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    match SINGULAR.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        Some(name) => Err(HttpError::malformed(format!("The header `{name}` is sent more than once; send it once."))),
        None => Ok(()),
    }
}

/// The HTTP library accepts any list of codings that ends in `chunked`, but decodes only that one; the body would be
/// read in its encoded form.
fn check_coding(headers: &HeaderMap) -> Result<(), HttpError> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        (None, _) => Ok(()),
        _ => {
            Err(HttpError::malformed("The header `transfer-encoding` is not `chunked`; no other coding is supported."))
        }
    }
}

fn check_host(headers: &HeaderMap, version: Version) -> Result<(), HttpError> {
    let Some(host) = headers.get(header::HOST) else {
        if version < Version::HTTP_11 {
            return Ok(());
        }
        return Err(HttpError::malformed("The header `host` is missing; HTTP/1.1 requires it."));
    };
    // The header is empty if the request target has no host.
    if host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|host| !host.as_str().contains('@')) {
        return Ok(());
    }
    Err(HttpError::malformed("The header `host` must be a host, or a host and a port."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(lines: &[(&str, &str)], version: Version) -> Option<String> {
        let mut request = Request::new(());
        *request.version_mut() = version;
        for (name, value) in lines {
            request.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        request.extensions_mut().insert(OverConnection);
        check(&request).err().map(|refusal| refusal.message)
    }

    #[test]
    fn a_repeated_singular_header_is_refused() {
        for name in &SINGULAR {
            for values in [["a", "b"], ["a", "a"], ["", ""]] {
                let lines = [("host", "x"), (name.as_str(), values[0]), ("accept", "a"), (name.as_str(), values[1])];
                let message = refused(&lines, Version::HTTP_11).unwrap_or_else(|| panic!("{name} may come twice"));
                assert!(message.contains(&format!("`{name}`")), "{message}");
            }
        }
    }

    #[test]
    fn list_headers_may_be_repeated() {
        for name in ["accept", "accept-encoding", "x-forwarded-for", "via", "cookie", "x-anything"] {
            assert_eq!(refused(&[("host", "x"), (name, "a"), (name, "b")], Version::HTTP_11), None, "{name}");
        }
    }

    #[test]
    fn only_chunked_transfer_encoding_is_supported() {
        let coded = |values: &[&str]| {
            let lines: Vec<_> =
                [("host", "x")].into_iter().chain(values.iter().map(|v| ("transfer-encoding", *v))).collect();
            refused(&lines, Version::HTTP_11)
        };
        assert_eq!((coded(&[]), coded(&["chunked"]), coded(&["Chunked"])), (None, None, None));
        for values in [&["gzip, chunked"][..], &["gzip", "chunked"], &["chunked", "chunked"], &["identity"], &[""]] {
            assert!(coded(values).is_some_and(|message| message.contains("`transfer-encoding`")), "{values:?}");
        }
    }

    #[test]
    fn http_1_1_requires_a_valid_host() {
        for host in ["x", "notes.example.com:8080", "[::1]:80", "127.0.0.1", ""] {
            assert_eq!(refused(&[("host", host)], Version::HTTP_11), None, "{host}");
        }
        for host in ["a b", "http://x/", "x/y", "user@x", "a, b", "x?y"] {
            assert!(
                refused(&[("host", host)], Version::HTTP_11).is_some_and(|message| message.contains("`host`")),
                "{host}"
            );
        }
        assert!(refused(&[], Version::HTTP_11).is_some_and(|message| message.contains("missing")));
        assert_eq!(refused(&[], Version::HTTP_10), None);
        assert!(check(&Request::new(())).is_ok(), "over no connection");
    }
}
