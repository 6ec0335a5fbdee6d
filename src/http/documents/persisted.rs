//! Stored documents: a request can name them by an id, instead of or in addition to the text.

use std::sync::Arc;

use breadth::document::Operation;

use super::apq::{ApqStore, Space};
use super::cache::{self, ValidatedDocument};
use super::id::{LONGEST_ID, NamedDocument, Names};
use super::trusted::{Entry, TrustedDocuments};
use crate::auth::Viewer;
use crate::http::error::HttpError;
use crate::http::sha256::{self, Hash};

/// The kinds of documents that the server accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DocumentsMode {
    /// Only texts; ids are not supported.
    Off,
    /// Texts, and ids of documents that are in a manifest or were registered.
    #[default]
    Allow,
    /// Only documents of manifests.
    Only,
}

/// Settings for stored documents.
#[derive(Clone, Debug, Default)]
pub struct PersistedDocumentSettings {
    pub mode: DocumentsMode,
    pub trusted: Arc<TrustedDocuments>,
}

/// The document that a request names.
pub enum ResolvedDocument {
    /// Parsed and ready to run.
    Trusted(Arc<ValidatedDocument>),
    /// Sent by the client. It has to be parsed and, if `hash` is set and the document is valid, registered.
    Text { text: String, hash: Option<Hash> },
    /// The text of a registered document.
    Apq(Arc<str>),
}

impl ResolvedDocument {
    /// The names of all variables that the operations of a trusted document declare; `None` if the document is not
    /// parsed yet.
    pub fn declared_variables(&self) -> Option<Vec<&str>> {
        let Self::Trusted(document) = self else { return None };
        let operations = document.as_ref().as_ref().map_or(&[][..], |document| document.checked().operations());
        Some(operations.iter().flat_map(Operation::variable_names).collect())
    }
}

/// The parameter that holds the text.
const QUERY: &str = "query";

pub struct PersistedDocuments {
    settings: PersistedDocumentSettings,
    registered: ApqStore,
    /// Maximum size of a document, in bytes.
    most_bytes: usize,
}

impl PersistedDocuments {
    pub fn new(settings: PersistedDocumentSettings, most_bytes: usize) -> Self {
        Self { settings, registered: ApqStore::new(Space::default()), most_bytes }
    }

    /// Finds the document of a request without parsing it. The text of a refused document is not even read.
    ///
    /// # Errors
    /// If the document is unknown, does not match the hash in the request, or is not allowed.
    pub fn find(&self, names: Names<'_>, viewer: &Viewer) -> Result<ResolvedDocument, HttpError> {
        let mode = self.settings.mode;
        if mode == DocumentsMode::Off {
            return Ok(ResolvedDocument::Text { text: names.text()?.read(QUERY)?, hash: None });
        }
        let NamedDocument { text, id } = names.document()?;
        let Some(id) = id else {
            return match text {
                Some(text) if mode == DocumentsMode::Allow => {
                    Ok(ResolvedDocument::Text { text: text.read(QUERY)?, hash: None })
                }
                _ => Err(HttpError::persisted_query_only()),
            };
        };
        // Longer strings cannot be ids, and are not worth hashing.
        let trusted = Some(id.as_str()).filter(|id| id.len() <= LONGEST_ID);
        let trusted = trusted.and_then(|id| self.settings.trusted.get(id)).cloned();
        let Some(text) = text else { return self.known(mode, trusted, &id, viewer) };
        if mode == DocumentsMode::Only && trusted.is_none() {
            return Err(HttpError::persisted_query_only());
        }
        let text = text.read(QUERY)?;
        cache::check_size(&text, self.most_bytes)?;
        let hash = sha256::hash(&text);
        // The hash must match, or a text could be stored under the id of another document.
        match trusted {
            Some(trusted) if trusted.hash == hash => Ok(ResolvedDocument::Trusted(trusted.document)),
            None if sha256::parse_hex(&id) == Some(hash) => Ok(ResolvedDocument::Text { text, hash: Some(hash) }),
            _ => Err(HttpError::wrong_hash()),
        }
    }

    fn known(
        &self,
        mode: DocumentsMode,
        trusted: Option<Entry>,
        id: &str,
        viewer: &Viewer,
    ) -> Result<ResolvedDocument, HttpError> {
        if let Some(Entry { document, .. }) = trusted {
            return Ok(ResolvedDocument::Trusted(document));
        }
        let hash = sha256::parse_hex(id).filter(|_| mode == DocumentsMode::Allow);
        let registered = hash.and_then(|hash| self.registered.get(viewer.company_id, &hash));
        registered.map(ResolvedDocument::Apq).ok_or_else(HttpError::persisted_query_not_found)
    }

    /// Registers a valid document for the company of the viewer.
    pub fn register(&self, hash: Hash, text: &str, viewer: &Viewer) {
        self.registered.put(viewer.company_id, viewer.token_key(), hash, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::parameter::Text;
    use crate::ids::{CompanyId, TokenId, UserId};

    const TEXT: &str = "{ viewer { scopes } }";

    fn viewer(company_id: CompanyId) -> Viewer {
        Viewer { company_id, user_id: UserId(1), token_id: Some(TokenId(1)), scopes: Vec::new() }
    }

    fn stored(mode: DocumentsMode) -> PersistedDocuments {
        PersistedDocuments::new(PersistedDocumentSettings { mode, trusted: Arc::default() }, 1_000)
    }

    fn find_as(
        company_id: CompanyId,
        stored: &PersistedDocuments,
        text: Option<&str>,
        id: Option<&str>,
    ) -> Result<ResolvedDocument, &'static str> {
        let part = |text: &str| Text::Plain(text.to_owned());
        let names = Names { query: text.map(part), document_id: id.map(part), ..Names::default() };
        stored.find(names, &viewer(company_id)).map_err(|error| error.code)
    }

    fn find(
        stored: &PersistedDocuments,
        text: Option<&str>,
        id: Option<&str>,
    ) -> Result<ResolvedDocument, &'static str> {
        find_as(CompanyId(1), stored, text, id)
    }

    #[test]
    fn a_document_is_registered_once_it_was_sent_with_its_hash() {
        let stored = stored(DocumentsMode::Allow);
        let id = sha256::hex(&sha256::hash(TEXT));
        assert!(find(&stored, None, Some(&id)).is_err_and(|code| code == "PERSISTED_QUERY_NOT_FOUND"));
        let Ok(ResolvedDocument::Text { text, hash: Some(hash) }) = find(&stored, Some(TEXT), Some(&id)) else {
            panic!()
        };
        stored.register(hash, &text, &viewer(CompanyId(1)));
        let Ok(ResolvedDocument::Apq(text)) = find(&stored, None, Some(&id.to_uppercase())) else { panic!() };
        assert_eq!(*text, *TEXT);
        assert!(find_as(CompanyId(2), &stored, None, Some(&id)).is_err_and(|code| code == "PERSISTED_QUERY_NOT_FOUND"));
    }

    #[test]
    fn a_text_must_match_its_hash() {
        let stored = stored(DocumentsMode::Allow);
        for id in [sha256::hex(&sha256::hash("{ other }")), "scopes".to_owned(), String::new()] {
            assert!(find(&stored, Some(TEXT), Some(&id)).is_err_and(|code| code == "BAD_REQUEST"), "{id}");
        }
        let long = "x".repeat(1_001);
        let id = sha256::hex(&sha256::hash(&long));
        assert!(find(&stored, Some(&long), Some(&id)).is_err_and(|code| code == "TOO_COMPLEX"));
    }

    #[test]
    fn in_mode_off_texts_are_accepted_with_any_id() {
        let stored = stored(DocumentsMode::Off);
        assert!(matches!(find(&stored, Some(TEXT), Some("a")), Ok(ResolvedDocument::Text { hash: None, .. })));
        assert!(find(&stored, None, Some("a")).is_err_and(|code| code == "PERSISTED_QUERY_NOT_SUPPORTED"));
    }

    #[test]
    fn in_mode_only_texts_are_not_examined() {
        let stored = stored(DocumentsMode::Only);
        let id = sha256::hex(&sha256::hash(TEXT));
        for id in [None, Some(id.as_str()), Some("a")] {
            assert!(find(&stored, Some(TEXT), id).is_err_and(|code| code == "PERSISTED_QUERY_ONLY"));
        }
        stored.register(sha256::hash(TEXT), TEXT, &viewer(CompanyId(1)));
        for id in [id.as_str(), "a", &"a".repeat(1 << 20)] {
            assert!(find(&stored, None, Some(id)).is_err_and(|code| code == "PERSISTED_QUERY_NOT_FOUND"));
        }
    }
}
