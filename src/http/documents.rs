//! Documents that have been parsed before.
//!
//! A front end sends the same few documents again and again, with other variables: they are kept, by their whole text.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::parser::types::ExecutableDocument;
use lru::LruCache;

use super::refusal::Refusal;
use crate::gate::{self, Bounds};
use crate::projection::Mentioned;
use crate::schema::Validated;

/// How many documents are kept: those used last.
const MOST_KEPT: NonZero<usize> = NonZero::<usize>::MIN.saturating_add(255);
/// How long a document that is kept may be, in bytes.
const LONGEST_KEPT: usize = 16 << 10;
/// How long all that are kept may be together, in bytes. What is made of a text takes up to some thirty times as much.
const MOST_BYTES_KEPT: usize = 1 << 20;

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
pub struct Documents {
    bounds: Bounds,
    kept: Mutex<Kept>,
}

struct Kept {
    documents: LruCache<String, Arc<Parsed>>,
    /// Of all texts.
    bytes: usize,
}

impl Kept {
    fn put(&mut self, text: &str, document: &Arc<Parsed>) {
        self.bytes += text.len();
        // What it takes the place of: the same text, put by another request meanwhile, or the one that was used least.
        if let Some((old, _)) = self.documents.push(text.to_owned(), Arc::clone(document)) {
            self.bytes -= old.len();
        }
        while self.bytes > MOST_BYTES_KEPT
            && let Some((old, _)) = self.documents.pop_lru()
        {
            self.bytes -= old.len();
        }
    }
}

impl Documents {
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, kept: Mutex::new(Kept { documents: LruCache::new(MOST_KEPT), bytes: 0 }) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// Where the text is no document, or costs too much.
    pub fn parse(&self, text: &str) -> Result<Arc<Parsed>, Refusal> {
        if let Some(document) = self.kept().documents.get(text) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(Parsed::new(parse(text, &self.bounds)?));
        if text.len() <= LONGEST_KEPT {
            self.kept().put(text, &document);
        }
        Ok(document)
    }
}

fn parse(document: &str, bounds: &Bounds) -> Result<ExecutableDocument, Refusal> {
    gate::weigh(document, bounds).map_err(|message| Refusal::document("TOO_COMPLEX", message))?;
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
        let bounds = Bounds::default();
        let refusal = parse("{ a(secret: \"text\" }", &bounds).unwrap_err();
        assert_eq!(refusal.code, "GRAPHQL_PARSE_FAILED");
        assert!(refusal.message.starts_with("Syntax error: expected"), "{}", refusal.message);
        assert!(!refusal.message.contains("secret") && !refusal.message.contains("text"), "{}", refusal.message);
        assert_eq!(refusal.locations.len(), 1);
        assert_eq!(parse(&"[".repeat(65), &bounds).unwrap_err().code, "TOO_COMPLEX");
    }

    #[test]
    fn a_document_is_parsed_once() {
        let documents = Documents::new(Bounds::default());
        let first = documents.parse("{ viewer { scopes } }").unwrap();
        assert!(Arc::ptr_eq(&first, &documents.parse("{ viewer { scopes } }").unwrap()));
        assert!(!Arc::ptr_eq(&first, &documents.parse("{ viewer {scopes } }").unwrap()), "the whole text counts");
        let long = format!("{{ viewer {{ scopes }} }}{}", " ".repeat(LONGEST_KEPT));
        assert!(!Arc::ptr_eq(&documents.parse(&long).unwrap(), &documents.parse(&long).unwrap()));
    }

    #[test]
    fn what_is_kept_is_bounded_by_its_bytes() {
        let documents = Documents::new(Bounds::default());
        let text = |n: usize| format!("{{ viewer {{ scopes }} }} # {n} {}", "x".repeat(LONGEST_KEPT - 100));
        for n in 0..100 {
            documents.parse(&text(n)).unwrap();
            documents.parse(&text(n)).unwrap();
        }
        let kept = documents.kept();
        assert_eq!(kept.bytes, kept.documents.iter().map(|(text, _)| text.len()).sum::<usize>());
        assert!(kept.bytes <= MOST_BYTES_KEPT && kept.documents.len() > 60, "{}", kept.documents.len());
    }
}
