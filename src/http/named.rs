//! How a request names its document: by its text, by the id of a stored one, or by both.
//!
//! Ids come in several places, as several clients send them: `documentId` (the appendix on persisted documents of the
//! draft of GraphQL over HTTP), `extensions.persistedQuery` (automatic persisted queries), and `id` or `doc_id` (Relay). An
//! id `sha256:` with 64 digits is the SHA-256 of the text, and means the same as the digits alone.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// How long an id may be, in bytes: hashes take 64, and names of operations with a version a little more.
pub const LONGEST_ID: usize = 256;
/// The only version of automatic persisted queries that there is.
const VERSION: &str = "1";

/// What a request names. At least one of them is there.
#[derive(Debug, PartialEq, Eq)]
pub struct NamedDocument {
    pub text: Option<String>,
    /// Without `sha256:`.
    pub id: Option<String>,
}

/// The parameters that may name a document.
#[derive(Default)]
pub struct Names<'a> {
    pub query: Option<String>,
    pub document_id: Option<String>,
    /// As it is sent in JSON.
    pub extensions: Option<&'a str>,
    /// `id` or `doc_id`, and which of them it was. Many clients send an `id` that is none of a document beside a text.
    pub relay: Option<(&'static str, Result<String, Refusal>)>,
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

/// # Errors
/// Where none is named, or more than one.
pub fn document(names: Names<'_>) -> Result<NamedDocument, Refusal> {
    // Clients that send an id leave the text out, or empty.
    let has_id = names.document_id.is_some() || names.relay.is_some();
    let hash = names.extensions.map(persisted_hash).transpose()?.flatten();
    let text = names.query.filter(|text| !text.is_empty() || !(has_id || hash.is_some()));
    let relay = match (&text, names.relay) {
        (None, Some((name, id))) => Some((name, id?)),
        _ => None,
    };
    let ids = [names.document_id.map(|id| ("documentId", id)), hash.map(|id| (HASH, id)), relay];
    let mut ids = ids.into_iter().flatten().map(|(name, id)| (name, plain(id)));
    let Some((name, id)) = ids.next() else {
        return match text {
            Some(text) => Ok(NamedDocument { text: Some(text), id: None }),
            None => Err(Refusal::bad_request(
                "`query` is missing: it holds the GraphQL document, as a string. Or send the id of a stored document \
                 as `documentId`.",
            )),
        };
    };
    if let Some((other, _)) = ids.find(|(_, other)| *other != id) {
        return Err(Refusal::bad_request(format!("`{name}` and `{other}` name two documents; send one of them.")));
    }
    Ok(NamedDocument { text, id: Some(id) })
}

const HASH: &str = "extensions.persistedQuery.sha256Hash";

/// What `extensions.persistedQuery` names; `extensions` is an object whose values were counted.
fn persisted_hash(extensions: &str) -> Result<Option<String>, Refusal> {
    let wrong = |name: &str, reason: String| Refusal::bad_request(format!("`extensions{name}` {reason}."));
    let Extensions { persisted_query } =
        serde_json::from_str(extensions).map_err(|error| wrong("", format!("cannot be read: {error}")))?;
    let Some(raw) = persisted_query else { return Ok(None) };
    if !raw.get().starts_with('{') {
        return Err(wrong(".persistedQuery", "has to be an object or absent".to_owned()));
    }
    let PersistedQuery { version, sha256_hash } = serde_json::from_str(raw.get())
        .map_err(|error| wrong(".persistedQuery", format!("cannot be read: {error}")))?;
    if version.is_none_or(|version| version.get() != VERSION) {
        return Err(wrong(".persistedQuery.version", format!("has to be {VERSION}: no other version is known")));
    }
    let hash = sha256_hash.and_then(|hash| serde_json::from_str(hash.get()).ok());
    hash.map(Some).ok_or_else(|| {
        wrong(".persistedQuery.sha256Hash", "has to be the SHA-256 of the document, as a string".to_owned())
    })
}

/// The id without the prefix that says how it was made.
pub fn plain(id: String) -> String {
    match id.strip_prefix("sha256:") {
        Some(hash) if hash.len() == 64 => hash.to_owned(),
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e";

    fn named(query: Option<&str>, document_id: Option<&str>, extensions: Option<&str>, relay: Option<&str>) -> String {
        let names = Names {
            query: query.map(str::to_owned),
            document_id: document_id.map(str::to_owned),
            extensions,
            relay: relay.map(|id| ("id", Ok(id.to_owned()))),
        };
        match document(names) {
            Ok(NamedDocument { text, id }) => format!("{} {}", text.unwrap_or_default(), id.unwrap_or_default()),
            Err(refusal) => refusal.message,
        }
    }

    fn apq(hash: &str) -> String {
        format!(r#"{{"persistedQuery": {{"version": 1, "sha256Hash": "{hash}"}}, "other": [1]}}"#)
    }

    #[test]
    fn each_client_has_its_place_for_the_id() {
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
    fn one_document_is_named_once() {
        assert_eq!(named(None, Some(&format!("sha256:{SHA}")), Some(&apq(SHA)), Some(SHA)), format!(" {SHA}"));
        assert!(named(None, Some("b7"), Some(&apq(SHA)), None).contains("`documentId` and `extensions.persistedQuery"));
        assert!(named(None, Some("b7"), None, Some("c8")).contains("`documentId` and `id` name two"));
        assert!(named(None, None, Some(r#"{"other": 1}"#), None).contains("`query` is missing"));
    }

    #[test]
    fn a_hash_is_of_the_version_that_is_known() {
        for (extension, hint) in [
            (r#"{"version": 2, "sha256Hash": "a"}"#, "`extensions.persistedQuery.version` has to be 1"),
            (r#"{"version": "1", "sha256Hash": "a"}"#, "version` has to be 1"),
            (r#"{"sha256Hash": "a"}"#, "version` has to be 1"),
            (r#"{"version": 1}"#, "sha256Hash` has to be the SHA-256"),
            (r#"{"version": 1, "sha256Hash": 5}"#, "sha256Hash` has to be the SHA-256"),
            (r#"{"version": 1, "sha256Hash": null}"#, "sha256Hash` has to be the SHA-256"),
            (r#"{"version": 1, "sha256Hash": "a", "sha256Hash": "b"}"#, "duplicate field"),
            ("\"text\"", "has to be an object or absent"),
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
