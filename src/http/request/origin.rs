//! Checks which web pages may call the API from a browser.

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use url::Url;

use crate::http::error::HttpError;

/// The origin of a web page: scheme, host and, unless it is the scheme's default, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Err(
                "`*` would let every web page send requests; name each origin, such as https://notes.example.com"
                    .to_owned(),
            );
        }
        let example = "an origin is a scheme, a host and optionally a port, such as https://notes.example.com:8443";
        let url = Url::parse(text).map_err(|error| format!("{error}; {example}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("the scheme must be http or https; {example}"));
        }
        let exact = url.origin().ascii_serialization();
        if exact != text {
            return Err(format!("browsers send exactly the origin; write {exact}"));
        }
        HeaderValue::from_str(&exact).map(Self).map_err(|error| error.to_string())
    }
}

/// Accepts requests without `Origin`, as clients other than browsers send them, and those from pages of this server or
/// of an allowed origin.
pub fn check(headers: &HeaderMap, uri: &Uri, allowed: &[Origin]) -> Result<(), HttpError> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    if allowed.iter().any(|allowed| allowed.0 == origin) || is_own(origin, headers, uri).unwrap_or(false) {
        return Ok(());
    }
    Err(HttpError::forbidden_origin(origin))
}

/// Whether the page has the same host and port as the request. Schemes are not compared, as a proxy may have terminated
/// TLS.
fn is_own(origin: &HeaderValue, headers: &HeaderMap, uri: &Uri) -> Option<bool> {
    let text = origin.to_str().ok()?;
    let origin = Url::parse(text).ok()?;
    // Require the form that browsers send: http or https, and scheme, host and port in their canonical spelling.
    if !matches!(origin.scheme(), "http" | "https") || origin.origin().ascii_serialization() != text {
        return Some(false);
    }
    // The host of the request target takes precedence over the header (RFC 9112, section 3.2.2).
    let host = match uri.authority() {
        Some(host) => host.as_str(),
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    let own = Url::parse(&format!("{}://{host}", origin.scheme())).ok()?;
    Some(
        own.host().is_some()
            && own.host() == origin.host()
            && own.port_or_known_default() == origin.port_or_known_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_accepted_as_browsers_send_it() {
        for text in ["https://notes.example.com", "http://localhost:5173", "http://[::1]:3000", "http://127.0.0.1"] {
            assert_eq!(text.parse::<Origin>().unwrap().header(), text);
        }
    }

    #[test]
    fn an_invalid_origin_is_refused_with_the_correct_one() {
        for (text, hint) in [
            ("*", "name each origin"),
            ("notes.example.com", "https://notes.example.com:8443"),
            ("https://notes.example.com/", "write https://notes.example.com"),
            ("https://notes.example.com:443", "write https://notes.example.com"),
            ("https://Notes.example.com", "write https://notes.example.com"),
            ("https://user@notes.example.com", "write https://notes.example.com"),
            ("https://notes.example.com/app?x#y", "write https://notes.example.com"),
            ("ftp://notes.example.com", "http or https"),
            ("null", "such as"),
            ("", "such as"),
        ] {
            let message = text.parse::<Origin>().unwrap_err();
            assert!(message.contains(hint), "{text}: {message}");
        }
    }

    #[test]
    fn only_own_and_allowed_origins_pass() {
        let allowed = ["https://front.example.com".parse().unwrap()];
        let passes = |origin: &str, host: &str| {
            let headers = HeaderMap::from_iter([
                (header::ORIGIN, origin.parse().unwrap()),
                (header::HOST, host.parse().unwrap()),
            ]);
            check(&headers, &Uri::from_static("/graphql"), &allowed).is_ok()
        };
        assert!(passes("https://front.example.com", "notes.example.com"));
        assert!(passes("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(passes("https://notes.example.com", "notes.example.com"));
        assert!(passes("https://notes.example.com", "notes.example.com:443"));
        assert!(!passes("http://127.0.0.1:3000", "127.0.0.1:8080"));
        assert!(!passes("http://front.example.com", "notes.example.com"));
        assert!(!passes("https://front.example.com.evil.example", "notes.example.com"));
        assert!(!passes("null", "notes.example.com"));
        assert!(!passes("ftp://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(!passes("http://evil@127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(!passes("http://127.1:8080", "127.0.0.1:8080"));
        assert!(check(&HeaderMap::new(), &Uri::from_static("/graphql"), &allowed).is_ok());
    }
}
