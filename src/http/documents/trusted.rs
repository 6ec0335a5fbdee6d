//! Documents that the operator trusts: those of manifests, parsed, validated and planned at startup.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::{self, ValidatedDocument};
use super::id::{PREFIX, normalize_id};
use super::manifest;
use crate::http::sha256::{Hash, hash, hex};
use crate::schema::query_limits::QueryLimits;
use crate::schema::{PreparedDocument, Schema};
use crate::text::quote::quote;

/// Documents by their ids, and also by their SHA-256.
#[derive(Default)]
pub struct TrustedDocuments {
    documents: HashMap<String, Entry>,
    /// Number of distinct documents.
    count: usize,
}

/// A trusted document, and the SHA-256 of its text.
#[derive(Clone)]
pub struct Entry {
    pub hash: Hash,
    pub document: Arc<ValidatedDocument>,
}

impl std::fmt::Debug for TrustedDocuments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trusted").field("count", &self.count).finish_non_exhaustive()
    }
}

impl TrustedDocuments {
    /// Reads manifests, and prepares every document for execution.
    ///
    /// # Errors
    /// A message that names the file, the id and the position of a document that cannot be used.
    pub fn read(files: &[PathBuf], schema: &Schema, limits: &QueryLimits) -> Result<Self, String> {
        let mut texts = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read the documents in {}: {error}", file.display()))?;
            let listed = manifest::read(&text).map_err(|wrong| format!("{} {wrong}", file.display()))?;
            texts.extend(listed.into_iter().map(|(id, text)| (file.as_path(), id, text)));
        }
        Self::of(texts, schema, limits)
    }

    fn of(texts: Vec<(&Path, String, String)>, schema: &Schema, limits: &QueryLimits) -> Result<Self, String> {
        let mut trusted = Self::default();
        let mut by_hash: HashMap<Hash, (Arc<ValidatedDocument>, &Path)> = HashMap::new();
        for (file, id, text) in texts {
            let wrong = |what: &str| format!("{}: the document {} {what}", file.display(), quote(&id));
            let hash = hash(&text);
            let key = normalize_id(id.clone());
            if id.starts_with(PREFIX) && key != id && key != hex(&hash) {
                return Err(wrong("does not have this SHA-256"));
            }
            let document = match by_hash.get(&hash) {
                Some((document, _)) => Arc::clone(document),
                None => Arc::new(Ok(Arc::new(ready(&text, schema, limits).map_err(|reason| wrong(&reason))?))),
            };
            by_hash.insert(hash, (Arc::clone(&document), file));
            match trusted.documents.insert(key, Entry { hash, document }) {
                Some(other) if other.hash != hash => return Err(wrong("has the same id as another one")),
                _ => {}
            }
        }
        trusted.count = by_hash.len();
        for (hash, (document, file)) in by_hash {
            let id = hex(&hash);
            if trusted.documents.get(&id).is_some_and(|entry| entry.hash != hash) {
                let file = file.display();
                return Err(format!(
                    "{file}: cannot use the document with the SHA-256 {id}, as another document has this id"
                ));
            }
            trusted.documents.insert(id, Entry { hash, document });
        }
        Ok(trusted)
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Number of distinct documents.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The document with an id that was normalized by [`normalize_id`].
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.documents.get(id)
    }
}

/// Parses and plans a document. The error says what is wrong with the text, and where.
fn ready(text: &str, schema: &Schema, limits: &QueryLimits) -> Result<PreparedDocument, String> {
    let (message, place) = match cache::parse(schema, text, limits) {
        Ok(Ok(mut document)) => {
            document.prepare();
            return Ok(document);
        }
        Ok(Err(mut errors)) if !errors.is_empty() => {
            let first = errors.swap_remove(0);
            (first.message, first.locations.first().copied())
        }
        Ok(Err(_)) => ("It is not valid for the schema.".to_owned(), None),
        Err(error) => (error.message, error.locations.first().copied()),
    };
    let place = place.map(|place| format!(" (line {}, column {})", place.line, place.column)).unwrap_or_default();
    Err(format!("cannot be used: {}{place}", message.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::sha256::parse_hex;

    const SCOPES: &str = "query Scopes { viewer { scopes } }";

    fn trusted(texts: &[(&str, &str)]) -> Result<TrustedDocuments, String> {
        let file = Path::new("documents.json");
        let texts = texts.iter().map(|(id, text)| (file, (*id).to_owned(), (*text).to_owned())).collect();
        TrustedDocuments::of(texts, &crate::schema::build(), &QueryLimits::default())
    }

    #[test]
    fn a_document_is_found_by_its_id_and_by_its_hash() {
        let trusted = trusted(&[("scopes", SCOPES), ("again", SCOPES), ("scopes", SCOPES)]).unwrap();
        let document = &trusted.get("scopes").unwrap().document;
        assert!(Arc::ptr_eq(document, &trusted.get("again").unwrap().document), "it is read once");
        assert!(Arc::ptr_eq(document, &trusted.get(&hex(&hash(SCOPES))).unwrap().document));
        assert!(trusted.get("other").is_none());
        for digits in [hex(&hash(SCOPES)), hex(&hash(SCOPES)).to_uppercase()] {
            for id in [format!("sha256:{digits}"), digits] {
                assert!(self::trusted(&[(&id, SCOPES)]).unwrap().get(&normalize_id(id)).is_some());
            }
        }
    }

    #[test]
    fn an_unusable_document_is_reported_with_its_location() {
        for (texts, expected) in [
            (
                &[("a", SCOPES), ("b1", "query B {\n  nots { id }\n}")][..],
                "documents.json: the document \"b1\" cannot be used: Cannot query field \"nots\" on type \"Query\"",
            ),
            (&[("b2", "{ viewer {")], "\"b2\" cannot be used: Syntax Error: "),
            (&[("b3", "query Q {\n viewer { scopes: }\n}")], "(line 2, column 19)"),
            (&[("a", SCOPES), ("a", "{ __typename }")], "\"a\" has the same id as another one"),
            (&[("b4", &"{ a".repeat(70))], "\"b4\" cannot be used: "),
        ] {
            let message = trusted(texts).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
        let other = "{ __typename }";
        let message = trusted(&[(&hex(&hash(other)), SCOPES), ("other", other)]).unwrap_err();
        assert!(
            message.starts_with("documents.json: ") && message.contains("another document has this id"),
            "{message}"
        );
        let wrong = format!("sha256:{}", hex(&hash("{ a }")));
        assert!(trusted(&[(&wrong, SCOPES)]).unwrap_err().contains("does not have this SHA-256"));
    }

    #[test]
    fn hashes_are_parsed_and_formatted() {
        let hash = hash(SCOPES);
        assert_eq!(parse_hex(&hex(&hash)), Some(hash));
        assert_eq!(parse_hex(&hex(&hash).to_uppercase()), Some(hash));
        for wrong in ["", "ab", &"g".repeat(64), &"é".repeat(32), &"a".repeat(63), &"a".repeat(66)] {
            assert_eq!(parse_hex(wrong), None, "{wrong}");
        }
    }
}
