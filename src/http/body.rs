//! Reading the body of a POST: of one media type, up to a limit.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::refusal::Refusal;

/// Refuses all but JSON: a page of another origin can send forms and plain text without asking first, and must not
/// reach the API that way.
pub fn check_media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(sent) = headers.get(header::CONTENT_TYPE) else {
        return Err(Refusal::media_type("`Content-Type` is missing; send application/json."));
    };
    let sent = String::from_utf8_lossy(sent.as_bytes());
    let mut parts = sent.split(';').map(str::trim);
    let charset = |part: &str| {
        part.split_once('=')
            .filter(|(name, _)| name.eq_ignore_ascii_case("charset"))
            .map(|(_, v)| v.trim_matches('"').to_ascii_lowercase())
    };
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let sent: String = sent.chars().take(100).collect();
        return Err(Refusal::media_type(format!("`Content-Type` is {sent}; send application/json.")));
    }
    if let Some(other) = parts.filter_map(charset).find(|charset| charset != "utf-8" && charset != "utf8") {
        let other: String = other.chars().take(50).collect();
        return Err(Refusal::media_type(format!("The body is encoded in {other}; send UTF-8.")));
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Refusal::media_type("The body is compressed; send it as it is."))
        }
        _ => Ok(()),
    }
}

/// How many bytes come, as the client announces it, or at most, where it does not.
///
/// # Errors
/// Where it announces more than `limit`.
pub fn length(headers: &HeaderMap, limit: usize) -> Result<u64, Refusal> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match announced {
        Some(length) if length > limit as u64 => Err(Refusal::too_large(limit)),
        announced => Ok(announced.unwrap_or(limit as u64)),
    }
}

/// Reads at most `limit` bytes.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::too_large(limit)),
        Err(_) => Err(Refusal::bad_request("The body broke off.")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn sent(headers: &[(HeaderName, &str)]) -> Option<String> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        check_media_type(&headers).err().map(|refusal| refusal.message)
    }

    #[test]
    fn json_in_utf_8_passes() {
        for value in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""] {
            assert_eq!(sent(&[(header::CONTENT_TYPE, value)]), None, "{value}");
        }
        assert_eq!(sent(&[(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, "identity")]), None);
    }

    #[test]
    fn everything_else_is_refused() {
        assert!(sent(&[]).is_some_and(|message| message.contains("missing")));
        for value in [
            "text/plain",
            "text/plain; x=application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/graphql",
            "application/json-patch+json",
            "",
        ] {
            assert!(sent(&[(header::CONTENT_TYPE, value)]).is_some(), "{value}");
        }
        let latin = sent(&[(header::CONTENT_TYPE, "application/json; charset=iso-8859-1")]);
        assert!(latin.is_some_and(|message| message.contains("iso-8859-1")));
        let gzip = sent(&[(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, "gzip")]);
        assert!(gzip.is_some_and(|message| message.contains("compressed")));
    }
}
