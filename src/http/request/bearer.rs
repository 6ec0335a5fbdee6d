use axum::http::{HeaderMap, header};

/// The bearer token of a request (RFC 6750, section 2.1).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    bearer_in(headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// The bearer token in the value of an `Authorization` header.
pub fn bearer_in(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_scheme_is_case_insensitive() {
        let found = |value: &str| {
            bearer(&HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])).map(str::to_owned)
        };
        assert_eq!(found("Bearer ng_1_x").as_deref(), Some("ng_1_x"));
        assert_eq!(found("bEARER  ng_1_x ").as_deref(), Some("ng_1_x"));
        assert_eq!(found("Basic ng_1_x"), None);
        assert_eq!(found("Bearer"), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
