//! How a request names its document: by its text, by the id of a stored document, or by both.
//!
//! Clients send ids in different places: `documentId` (the appendix on persisted documents of the draft of GraphQL over
//! HTTP), `extensions.persistedQuery` (automatic persisted queries), and `id` or `doc_id` (Relay). An id of `sha256:`
//! and 64 hexadecimal digits is the SHA-256 of the text, and is equivalent to the digits alone.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::error::HttpError;
use crate::http::parameter::Text;
use crate::http::sha256;

/// Maximum length of an id, in bytes. Hashes take 64, operation names with a version a little more.
pub const LONGEST_ID: usize = 256;
/// The only version of automatic persisted queries.
const VERSION: &str = "1";

/// The document that a request names. At least one field is set.
#[derive(Debug)]
pub struct NamedDocument<'a> {
    pub text: Option<Text<'a>>,
    /// Normalized by [`normalize_id`]; never empty.
    pub id: Option<String>,
}

/// The parameters that may name a document.
#[derive(Debug, Default)]
pub struct Names<'a> {
    pub query: Option<Text<'a>>,
    pub document_id: Option<Text<'a>>,
    /// Text of a JSON object whose values have been counted.
    pub extensions: Option<Cow<'a, str>>,
    /// The value of `id` or `doc_id`, and which of them it was. Many clients send an unrelated `id` together with a
    /// text.
    pub relay: Option<(&'static str, Text<'a>)>,
}

#[derive(Deserialize)]
struct Extensions<'a> {
    #[serde(borrow, rename = "persistedQuery")]
    persisted_query: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct PersistedQuery<'a> {
    #[serde(borrow)]
    version: Option<&'a RawValue>,
    #[serde(borrow, rename = "sha256Hash")]
    sha256_hash: Option<&'a RawValue>,
}

impl<'a> Names<'a> {
    /// The document that the request names, for servers that accept ids.
    ///
    /// # Errors
    /// If the request names no document or more than one, or if an id is empty.
    pub fn document(self) -> Result<NamedDocument<'a>, HttpError> {
        // Clients that send an id omit the text or leave it empty.
        let has_id = self.document_id.is_some() || self.relay.is_some();
        let hash = self.extensions.as_deref().map(persisted_hash).transpose()?.flatten();
        let text = self.query.filter(|text| !text.is_empty() || !(has_id || hash.is_some()));
        let read = |(name, id): (&'static str, Text<'_>)| id.read(name).map(|id| (name, id));
        let document_id = self.document_id.map(|id| read(("documentId", id))).transpose()?;
        let relay = self.relay.filter(|_| text.is_none()).map(read).transpose()?;
        let ids = [document_id, hash.map(|id| (HASH, id)), relay];
        let mut named: Option<(&str, String)> = None;
        for (name, id) in ids.into_iter().flatten() {
            // An empty id would be taken for an unknown one, for which clients send the text again.
            if id.is_empty() {
                let message = format!("`{name}` is empty; send the id of a stored document, or leave it out.");
                return Err(HttpError::bad_request(message));
            }
            let id = normalize_id(id);
            match &named {
                Some((first, other)) if *other != id => {
                    let message = format!("`{first}` and `{name}` name different documents; send only one of them.");
                    return Err(HttpError::bad_request(message));
                }
                Some(_) => {}
                None => named = Some((name, id)),
            }
        }
        let id = named.map(|(_, id)| id);
        if text.is_none() && id.is_none() { Err(nothing()) } else { Ok(NamedDocument { text, id }) }
    }

    /// The text of the document, for servers that accept no ids. Ids are not parsed.
    ///
    /// # Errors
    /// If there is no text. Clients that sent an id instead are told to send texts from then on.
    pub fn text(self) -> Result<Text<'a>, HttpError> {
        let has_hash =
            || self.extensions.as_deref().is_some_and(|extensions| !matches!(of_extensions(extensions), Ok(None)));
        let has_id = self.document_id.is_some() || self.relay.is_some() || has_hash();
        match self.query.filter(|text| !(text.is_empty() && has_id)) {
            Some(text) => Ok(text),
            None if has_id => Err(HttpError::persisted_query_not_supported()),
            None => Err(nothing()),
        }
    }
}

fn nothing() -> HttpError {
    HttpError::bad_request(
        "`query` is missing; send the GraphQL document in it as a string, or the id of a stored document in \
         `documentId`.",
    )
}

const HASH: &str = "extensions.persistedQuery.sha256Hash";

fn of_extensions(extensions: &str) -> serde_json::Result<Option<&RawValue>> {
    serde_json::from_str(extensions).map(|Extensions { persisted_query }| persisted_query)
}

/// The hash in `extensions.persistedQuery`.
fn persisted_hash(extensions: &str) -> Result<Option<String>, HttpError> {
    let wrong = |name: &str, reason: String| HttpError::bad_request(format!("`extensions{name}` {reason}."));
    let persisted_query = of_extensions(extensions).map_err(|error| wrong("", format!("cannot be read: {error}")))?;
    let Some(raw) = persisted_query else { return Ok(None) };
    if !raw.get().starts_with('{') {
        return Err(wrong(".persistedQuery", "must be an object or absent".to_owned()));
    }
    let PersistedQuery { version, sha256_hash } = serde_json::from_str(raw.get())
        .map_err(|error| wrong(".persistedQuery", format!("cannot be read: {error}")))?;
    // Some JSON libraries know floating-point numbers only.
    if version.is_none_or(|version| !matches!(version.get(), VERSION | "1.0")) {
        return Err(wrong(".persistedQuery.version", format!("must be {VERSION}; no other version is supported")));
    }
    let hash = sha256_hash.and_then(|hash| serde_json::from_str(hash.get()).ok());
    hash.map(Some).ok_or_else(|| {
        wrong(".persistedQuery.sha256Hash", "must be the SHA-256 of the document, as a string".to_owned())
    })
}

/// Normalizes an id to the key under which documents are stored: a SHA-256 loses its prefix and becomes lower case, as
/// its digits mean the same in upper case. Other ids stay as they are.
pub fn normalize_id(id: String) -> String {
    let digits = id.strip_prefix(PREFIX).filter(|digits| digits.len() == 64).unwrap_or(&id);
    match sha256::parse_hex(digits) {
        Some(hash) => sha256::hex(&hash),
        None if digits.len() < id.len() => digits.to_owned(),
        None => id,
    }
}

/// Prefix of an id that is the SHA-256 of its document.
pub const PREFIX: &str = "sha256:";

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e";

    fn named(query: Option<&str>, document_id: Option<&str>, extensions: Option<&str>, relay: Option<&str>) -> String {
        match names(query, document_id, extensions, relay).document() {
            Ok(NamedDocument { text, id }) => format!("{} {}", read(text), id.unwrap_or_default()),
            Err(error) => error.message,
        }
    }

    fn names<'a>(
        query: Option<&str>,
        document_id: Option<&str>,
        extensions: Option<&'a str>,
        relay: Option<&str>,
    ) -> Names<'a> {
        let text = |text: &str| Text::Plain(text.to_owned());
        Names {
            query: query.map(text),
            document_id: document_id.map(text),
            extensions: extensions.map(Cow::Borrowed),
            relay: relay.map(|id| ("id", text(id))),
        }
    }

    fn read(text: Option<Text<'_>>) -> String {
        text.map(|text| text.read("query").unwrap()).unwrap_or_default()
    }

    fn apq(hash: &str) -> String {
        format!(r#"{{"persistedQuery": {{"version": 1, "sha256Hash": "{hash}"}}, "other": [1]}}"#)
    }

    #[test]
    fn the_id_is_read_from_each_clients_parameter() {
        assert_eq!(named(Some("{a}"), None, None, None), "{a} ");
        assert_eq!(named(None, Some("b7"), None, None), " b7");
        assert_eq!(named(None, Some(&format!("sha256:{SHA}")), None, None), format!(" {SHA}"));
        assert_eq!(named(None, None, Some(&apq(SHA)), None), format!(" {SHA}"));
        assert_eq!(named(None, None, None, Some("c8")), " c8");
        for empty in [None, Some("")] {
            assert_eq!(named(empty, None, Some(&apq(SHA)), None), format!(" {SHA}"));
            assert_eq!(named(empty, None, None, Some("c8")), " c8");
        }
        assert_eq!(named(Some("{a}"), None, Some(&apq(SHA)), None), format!("{{a}} {SHA}"));
        assert_eq!(named(Some("{a}"), None, None, Some("c8")), "{a} ", "an id beside a text may be anything");
        assert_eq!(named(Some(""), None, Some("{}"), None), " ");
    }

    #[test]
    fn different_ids_are_refused() {
        assert_eq!(named(None, Some(&format!("sha256:{SHA}")), Some(&apq(SHA)), Some(SHA)), format!(" {SHA}"));
        assert!(named(None, Some("b7"), Some(&apq(SHA)), None).contains("`documentId` and `extensions.persistedQuery"));
        assert!(named(None, Some("b7"), None, Some("c8")).contains("`documentId` and `id` name different"));
        assert!(named(None, None, Some(r#"{"other": 1}"#), None).contains("`query` is missing"));
    }

    #[test]
    fn a_sha_256_may_be_upper_case() {
        let capital = SHA.to_uppercase();
        assert_eq!(named(None, Some(&capital), Some(&apq(SHA)), Some(&format!("sha256:{capital}"))), format!(" {SHA}"));
        assert_eq!(named(None, Some("AbC"), None, None), " AbC", "other ids are what they are");
        let no_digits = format!("sha256:{}", "X".repeat(64));
        assert_eq!(named(None, Some(&no_digits), None, None), format!(" {}", "X".repeat(64)));
    }

    #[test]
    fn an_empty_id_is_refused() {
        for query in [None, Some(""), Some("{a}")] {
            assert!(named(query, Some(""), None, None).contains("`documentId` is empty"));
            assert!(named(query, None, Some(&apq("")), None).contains("sha256Hash` is empty"));
        }
        assert!(named(None, None, None, Some("")).contains("`id` is empty"));
        assert!(named(None, Some("b7"), None, Some("")).contains("`id` is empty"));
        assert_eq!(named(Some("{a}"), None, None, Some("")), "{a} ", "an id beside a text may be anything");
    }

    #[test]
    fn ids_are_ignored_if_not_supported() {
        let text = |query, document_id, extensions, relay| {
            names(query, document_id, extensions, relay).text().map(|text| read(Some(text))).map_err(|error| error.code)
        };
        let malformed = r#"{"persistedQuery": {"version": "x", "sha256Hash": []}}"#;
        for extensions in [None, Some("{}"), Some(malformed), Some(r#"{"persistedQuery": 5}"#)] {
            for id in [None, Some(""), Some("b7")] {
                assert_eq!(text(Some("{a}"), id, extensions, id), Ok("{a}".to_owned()), "{extensions:?} {id:?}");
            }
        }
        let hash = apq(SHA);
        for query in [None, Some("")] {
            for extensions in [malformed, r#"{"persistedQuery": 5}"#, &hash] {
                assert_eq!(text(query, None, Some(extensions), None), Err("PERSISTED_QUERY_NOT_SUPPORTED"));
            }
            assert_eq!(text(query, Some(""), None, None), Err("PERSISTED_QUERY_NOT_SUPPORTED"));
            assert_eq!(text(query, None, None, Some("c8")), Err("PERSISTED_QUERY_NOT_SUPPORTED"));
        }
        assert_eq!(text(None, None, Some("{}"), None), Err("BAD_REQUEST"));
        assert_eq!(text(Some(""), None, None, None), Ok(String::new()));
    }

    #[test]
    fn only_the_supported_version_of_hashes_is_accepted() {
        for (extension, hint) in [
            (r#"{"version": 2, "sha256Hash": "a"}"#, "`extensions.persistedQuery.version` must be 1"),
            (r#"{"version": "1", "sha256Hash": "a"}"#, "version` must be 1"),
            (r#"{"version": 1.5, "sha256Hash": "a"}"#, "version` must be 1"),
            (r#"{"version": 1.0, "sha256Hash": 5}"#, "sha256Hash` must be the SHA-256"),
            (r#"{"sha256Hash": "a"}"#, "version` must be 1"),
            (r#"{"version": 1}"#, "sha256Hash` must be the SHA-256"),
            (r#"{"version": 1, "sha256Hash": 5}"#, "sha256Hash` must be the SHA-256"),
            (r#"{"version": 1, "sha256Hash": null}"#, "sha256Hash` must be the SHA-256"),
            (r#"{"version": 1, "sha256Hash": "a", "sha256Hash": "b"}"#, "duplicate field"),
            ("\"text\"", "must be an object or absent"),
        ] {
            for query in [None, Some("{a}")] {
                let extensions = format!(r#"{{"persistedQuery": {extension}}}"#);
                let message = named(query, None, Some(&extensions), None);
                assert!(message.contains(hint), "{extension}: {message}");
            }
        }
        assert_eq!(named(Some("{a}"), None, Some(r#"{"persistedQuery": null}"#), None), "{a} ");
    }
}
