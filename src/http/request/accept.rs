//! Content negotiation between the two media types of GraphQL over HTTP.

use axum::http::{HeaderMap, HeaderValue, header};

/// The media type of a response. The body is the same; only the status of a response to an invalid document differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`, for old clients: the status is 200 even if the document has errors.
    Json,
    /// `application/graphql-response+json`: the status is 400 if the document has errors.
    GraphqlResponse,
}

impl MediaType {
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }

    /// Picks the media type by the `Accept` headers. Returns `None` if they permit neither, and `application/json` if
    /// they are absent, empty, or rate both equally without naming `application/graphql-response+json`. An empty list
    /// counts as absent (RFC 9110, section 12.5.1): some proxies and clients send one.
    pub fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut accept = lines.flat_map(|line| line.split(',')).filter(|range| !range.trim().is_empty()).peekable();
        if accept.peek().is_none() {
            return Some(Self::Json);
        }
        let ranges: Vec<_> = accept.filter_map(Range::parse).collect();
        let json = wanted(&ranges, "json");
        let graphql = wanted(&ranges, "graphql-response+json");
        if json.quality == 0.0 && graphql.quality == 0.0 {
            None
        } else if graphql.quality > json.quality || (graphql.quality >= json.quality && graphql.named) {
            Some(Self::GraphqlResponse)
        } else {
            Some(Self::Json)
        }
    }
}

/// A media range of `Accept`, such as `application/*;q=0.5`.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: f32,
}

impl<'a> Range<'a> {
    fn parse(range: &'a str) -> Option<Self> {
        let mut parts = range.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        // An invalid weight counts as 1.
        let quality = quality.and_then(|text| text.parse().ok()).filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0);
        Some(Self { kind, subtype, quality })
    }

    /// How specifically this range matches `application/<subtype>`: 0 for `*/*`, 1 for `application/*`, 2 for an exact
    /// match, `None` for no match.
    fn precision(&self, subtype: &str) -> Option<u8> {
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (kind, "*") if kind.eq_ignore_ascii_case("application") => Some(1),
            (kind, own) if kind.eq_ignore_ascii_case("application") && own.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

struct Wanted {
    quality: f32,
    named: bool,
}

fn wanted(ranges: &[Range<'_>], subtype: &str) -> Wanted {
    let best = ranges
        .iter()
        .filter_map(|range| Some((range.precision(subtype)?, range.quality)))
        .max_by_key(|(precision, _)| *precision);
    best.map_or(Wanted { quality: 0.0, named: false }, |(precision, quality)| Wanted { quality, named: precision == 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiate(accept: &str) -> Option<MediaType> {
        MediaType::negotiate(&HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn graphql_response_is_sent_if_accepted() {
        for accept in [
            "application/graphql-response+json",
            "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
            "application/json, application/graphql-response+json",
            "application/graphql-response+json, application/json;q=0.9",
            "text/html, Application/GraphQL-Response+JSON",
            "application/graphql-response+json, */*",
            "application/json;q=0.1, */*",
        ] {
            assert_eq!(negotiate(accept), Some(MediaType::GraphqlResponse), "{accept}");
        }
    }

    #[test]
    fn json_is_the_default() {
        for accept in [
            "*/*",
            "application/*",
            "application/json",
            "application/json, */*",
            "application/json;q=1, application/graphql-response+json;q=0.5",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "application/graphql-response+json;q=0, application/json",
            "application/json;q=nonsense",
            "",
            " ",
            ", ,",
        ] {
            assert_eq!(negotiate(accept), Some(MediaType::Json), "{accept}");
        }
        assert_eq!(MediaType::negotiate(&HeaderMap::new()), Some(MediaType::Json));
    }

    #[test]
    fn other_media_types_are_not_acceptable() {
        for accept in ["text/html", "application/json;q=0", "image/*, text/event-stream", "*/*;q=0", "nonsense"] {
            assert_eq!(negotiate(accept), None, "{accept}");
        }
    }
}
