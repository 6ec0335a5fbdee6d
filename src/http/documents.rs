//! Documents that have been parsed before.
//!
//! A front end sends the same few documents again and again, with other variables: they are kept, by their whole text.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::ExecutableDocument;
use lru::LruCache;

use super::refusal::Refusal;
use crate::gate;
use crate::projection::Mentioned;
use crate::schema::Validated;

/// How many documents are kept: those used last.
const MOST_KEPT: NonZero<usize> = NonZero::<usize>::MIN.saturating_add(255);
/// How long a document that is kept may be, in bytes. All that are kept take some megabytes at most.
const LONGEST_KEPT: usize = 16 << 10;

/// A document, and what follows from it alone.
pub struct Parsed {
    pub document: ExecutableDocument,
    pub mentioned: Mentioned,
    is_valid: AtomicBool,
}

impl Parsed {
    fn new(document: ExecutableDocument) -> Self {
        Self { mentioned: Mentioned::in_document(&document), document, is_valid: AtomicBool::new(false) }
    }

    /// Whether [`Parsed::found_valid`] has been called.
    pub fn validated(&self) -> Validated {
        if self.is_valid.load(Ordering::Relaxed) { Validated::Before } else { Validated::Not }
    }

    /// The schema has run an operation of the document, and so found the whole of it valid.
    pub fn found_valid(&self) {
        self.is_valid.store(true, Ordering::Relaxed);
    }
}

/// Parses documents, or remembers them.
pub struct Documents(Mutex<LruCache<String, Arc<Parsed>>>);

impl Default for Documents {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST_KEPT)))
    }
}

impl Documents {
    /// # Errors
    /// Where the text is no document, or costs too much.
    pub fn parse(&self, text: &str) -> Result<Arc<Parsed>, Refusal> {
        if let Some(document) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(Parsed::new(parse(text)?));
        if text.len() <= LONGEST_KEPT {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).put(text.to_owned(), Arc::clone(&document));
        }
        Ok(document)
    }
}

fn parse(document: &str) -> Result<ExecutableDocument, Refusal> {
    gate::weigh(document).map_err(|message| Refusal::document("TOO_COMPLEX", message))?;
    async_graphql_parser::parse_query(document).map_err(|error| {
        let message = match &error {
            // The parser draws the line that it stopped at, and with it the client's text; its last line says what
            // would have been right, and the position says where.
            async_graphql_parser::Error::Syntax { message, .. } => {
                let expected = message.lines().next_back().unwrap_or_default().trim_start_matches([' ', '=']);
                format!("Syntax error: {expected}.")
            }
            other => format!("Syntax error: {other}."),
        };
        let mut refusal = Refusal::document("GRAPHQL_PARSE_FAILED", message);
        refusal.locations = error.positions().collect();
        refusal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_say_what_and_where_and_repeat_nothing() {
        let refusal = parse("{ a(secret: \"text\" }").unwrap_err();
        assert_eq!(refusal.code, "GRAPHQL_PARSE_FAILED");
        assert!(refusal.message.starts_with("Syntax error: expected"), "{}", refusal.message);
        assert!(!refusal.message.contains("secret") && !refusal.message.contains("text"), "{}", refusal.message);
        assert_eq!(refusal.locations.len(), 1);
        assert_eq!(parse(&"[".repeat(65)).unwrap_err().code, "TOO_COMPLEX");
    }

    #[test]
    fn a_document_is_parsed_once() {
        let documents = Documents::default();
        let first = documents.parse("{ viewer { scopes } }").unwrap();
        assert!(Arc::ptr_eq(&first, &documents.parse("{ viewer { scopes } }").unwrap()));
        assert!(!Arc::ptr_eq(&first, &documents.parse("{ viewer {scopes } }").unwrap()), "the whole text counts");
        let long = format!("{{ viewer {{ scopes }} }}{}", " ".repeat(LONGEST_KEPT));
        assert!(!Arc::ptr_eq(&documents.parse(&long).unwrap(), &documents.parse(&long).unwrap()));
    }
}
