//! Cache of parsed and validated documents.
//!
//! Front ends send the same few documents again and again, with different variables, so parsed documents are cached by
//! their text. Long documents are cached only if the client registered them, as it will then send them again. They have
//! a cache of their own, as a few of them would evict all others.

use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use breadth::ResponseError;
use breadth::document::DocumentError;
use lru::LruCache;

use crate::http::error::HttpError;
use crate::schema::query_limits::QueryLimits;
use crate::schema::{PreparedDocument, Schema};

/// Maximum number of documents in each cache; the least recently used one is evicted.
const MOST_KEPT: NonZero<usize> = NonZero::<usize>::MIN.saturating_add(255);
/// Documents longer than this, in bytes, go into the second cache.
const LONG: usize = 16 << 10;
/// Maximum total length of the cached texts, in bytes. A parsed document takes up to about fifty times as much memory
/// as its text: measured for one of 7 KB with 150 root fields, and for one of 18 KB with a list of 9,000 numbers, which
/// are nearly as many tokens as are allowed. The factor is smaller for longer documents, as tokens and fields are
/// limited.
const MOST_BYTES_KEPT: usize = 1 << 20;
/// The same for the cache of long documents: room for four of the maximum default size.
const MOST_LONG_BYTES_KEPT: usize = 512 << 10;

/// The result of parsing a text: the document, or its validation errors.
pub type ValidatedDocument<D = Arc<PreparedDocument>> = Result<D, Vec<ResponseError>>;

/// Parses and validates documents, through the caches.
pub struct DocumentCache {
    schema: Schema,
    limits: QueryLimits,
    kept: Mutex<Kept>,
    long: Mutex<Kept>,
}

struct Kept {
    documents: LruCache<String, Arc<ValidatedDocument>>,
    /// Total length of the cached texts.
    bytes: usize,
    most_bytes: usize,
}

impl Kept {
    fn new(most_bytes: usize) -> Mutex<Self> {
        Mutex::new(Self { documents: LruCache::new(MOST_KEPT), bytes: 0, most_bytes })
    }

    fn put(&mut self, text: &str, document: &Arc<ValidatedDocument>) {
        self.bytes += text.len();
        // The replaced entry: the same text, inserted meanwhile by another request, or the least recently used one.
        if let Some((old, _)) = self.documents.push(text.to_owned(), Arc::clone(document)) {
            self.bytes -= old.len();
        }
        while self.bytes > self.most_bytes
            && let Some((old, _)) = self.documents.pop_lru()
        {
            self.bytes -= old.len();
        }
    }
}

impl DocumentCache {
    pub fn new(schema: Schema, limits: QueryLimits) -> Self {
        Self { schema, limits, kept: Kept::new(MOST_BYTES_KEPT), long: Kept::new(MOST_LONG_BYTES_KEPT) }
    }

    /// The cache for texts of this length.
    fn kept(&self, text: &str) -> MutexGuard<'_, Kept> {
        let kept = if text.len() > LONG { &self.long } else { &self.kept };
        kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Parses a text, or takes it from the cache. `is_registered` tells whether the client will refer to it by its hash
    /// from now on.
    ///
    /// # Errors
    /// If the text is not a document or exceeds a limit.
    pub fn read(&self, text: &str, is_registered: bool) -> Result<Arc<ValidatedDocument>, HttpError> {
        if let Some(document) = self.kept(text).documents.get(text) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(parse(&self.schema, text, &self.limits)?.map(Arc::new));
        if text.len() <= LONG || is_registered {
            self.kept(text).put(text, &document);
        }
        Ok(document)
    }
}

/// Checks the length of a document.
///
/// # Errors
/// If the text is longer than `most_bytes`.
pub fn check_size(text: &str, most_bytes: usize) -> Result<(), HttpError> {
    if text.len() > most_bytes {
        let message = format!("The document is larger than {most_bytes} bytes; send long values as variables.");
        return Err(HttpError::document("TOO_COMPLEX", message));
    }
    Ok(())
}

/// Parses and validates a document without the cache.
///
/// # Errors
/// If the text is not a document or exceeds a limit.
pub fn parse(
    schema: &Schema,
    text: &str,
    limits: &QueryLimits,
) -> Result<ValidatedDocument<PreparedDocument>, HttpError> {
    check_size(text, limits.bytes)?;
    match schema.read(text, limits.parser_limits(), &limits.document_limits()) {
        Ok(document) => Ok(Ok(document)),
        Err(DocumentError::Invalid(errors)) => Ok(Err(errors)),
        Err(DocumentError::TooMuch(message)) => Err(HttpError::document("TOO_COMPLEX", message)),
        Err(DocumentError::Syntax(error)) => {
            let mut http_error = HttpError::document("GRAPHQL_PARSE_FAILED", error.message);
            http_error.locations = error.locations;
            Err(http_error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_have_a_location() {
        let (schema, limits) = (crate::schema::build(), QueryLimits::default());
        let parse = |text: &str| super::parse(&schema, text, &limits).err().unwrap();
        let http_error = parse("{ a(secret: \"text\" }");
        assert_eq!(http_error.code, "GRAPHQL_PARSE_FAILED");
        assert!(http_error.message.starts_with("Syntax Error: Expected"), "{}", http_error.message);
        assert!(
            !http_error.message.contains("secret") && !http_error.message.contains("text"),
            "{}",
            http_error.message
        );
        assert_eq!(http_error.locations.len(), 1);
        assert_eq!(parse(&format!("{{ a(b: {}", "[".repeat(65))).code, "TOO_COMPLEX");
    }

    fn documents() -> DocumentCache {
        DocumentCache::new(crate::schema::build(), QueryLimits::default())
    }

    #[test]
    fn a_document_is_parsed_once() {
        let documents = documents();
        let first = documents.read("{ viewer { scopes } }", false).unwrap();
        assert!(Arc::ptr_eq(&first, &documents.read("{ viewer { scopes } }", false).unwrap()));
        assert!(!Arc::ptr_eq(&first, &documents.read("{ viewer {scopes } }", false).unwrap()), "the whole text counts");
    }

    #[test]
    fn a_long_registered_document_is_parsed_once() {
        let documents = documents();
        let long = |n: usize| format!("{{ viewer {{ scopes }} }} # {n} {}", " ".repeat(7 * LONG));
        assert!(!Arc::ptr_eq(&documents.read(&long(0), false).unwrap(), &documents.read(&long(0), false).unwrap()));
        let short = documents.read("{ viewer { scopes } }", false).unwrap();
        for n in 0..20 {
            let first = documents.read(&long(n), true).unwrap();
            assert!(Arc::ptr_eq(&first, &documents.read(&long(n), true).unwrap()));
        }
        assert!(Arc::ptr_eq(&short, &documents.read("{ viewer { scopes } }", false).unwrap()), "short ones stay");
        assert_bounded(&documents.kept(&long(0)), 4);
    }

    fn assert_bounded(kept: &Kept, least: usize) {
        assert_eq!(kept.bytes, kept.documents.iter().map(|(text, _)| text.len()).sum::<usize>());
        assert!(kept.bytes <= kept.most_bytes && kept.documents.len() >= least, "{}", kept.documents.len());
    }

    #[test]
    fn the_cache_is_bounded_in_bytes() {
        let documents = documents();
        let text = |n: usize| format!("{{ viewer {{ scopes }} }} # {n} {}", "x".repeat(LONG - 100));
        for n in 0..100 {
            documents.read(&text(n), false).unwrap();
            documents.read(&text(n), false).unwrap();
        }
        assert_bounded(&documents.kept(""), 60);
    }
}
