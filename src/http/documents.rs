//! Documents that have been read before.
//!
//! A front end sends the same few documents again and again, with other variables: they are kept, by their whole text.

use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::ServerError;
use lru::LruCache;

use super::refusal::Refusal;
use crate::document::Refused;
use crate::gate::Bounds;
use crate::schema::{Document, Schema};

/// How many documents are kept: those used last.
const MOST_KEPT: NonZero<usize> = NonZero::<usize>::MIN.saturating_add(255);
/// How long a document that is kept may be, in bytes.
const LONGEST_KEPT: usize = 16 << 10;
/// How long all that are kept may be together, in bytes. What is made of a text takes up to some thirty times as much.
const MOST_BYTES_KEPT: usize = 1 << 20;

/// What is known of a text that is a document: what is wrong with it, where it does not fit the schema.
pub type Known<D = Arc<Document>> = Result<D, Vec<ServerError>>;

/// Reads documents and holds them against the schema, or remembers them.
pub struct Documents {
    schema: Schema,
    bounds: Bounds,
    kept: Mutex<Kept>,
}

struct Kept {
    documents: LruCache<String, Arc<Known>>,
    /// Of all texts.
    bytes: usize,
}

impl Kept {
    fn put(&mut self, text: &str, document: &Arc<Known>) {
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
    pub fn new(schema: Schema, bounds: Bounds) -> Self {
        Self { schema, bounds, kept: Mutex::new(Kept { documents: LruCache::new(MOST_KEPT), bytes: 0 }) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// Where the text is no document, or holds too much.
    pub fn read(&self, text: &str) -> Result<Arc<Known>, Refusal> {
        if let Some(document) = self.kept().documents.get(text) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(parse(&self.schema, text, &self.bounds)?.map(Arc::new));
        if text.len() <= LONGEST_KEPT {
            self.kept().put(text, &document);
        }
        Ok(document)
    }
}

/// # Errors
/// Where the text is too long to be looked at.
pub fn check_size(text: &str, most_bytes: usize) -> Result<(), Refusal> {
    if text.len() > most_bytes {
        let message = format!("The document is larger than {most_bytes} bytes; send long values as variables.");
        return Err(Refusal::document("TOO_COMPLEX", message));
    }
    Ok(())
}

/// Reads a document that is not kept.
///
/// # Errors
/// Where the text is no document, or holds too much.
pub fn parse(schema: &Schema, text: &str, bounds: &Bounds) -> Result<Known<Document>, Refusal> {
    check_size(text, bounds.bytes)?;
    match schema.read(text, bounds.of_parser(), &bounds.of_document()) {
        Ok(document) => Ok(Ok(document)),
        Err(Refused::Invalid(errors)) => Ok(Err(errors)),
        Err(Refused::TooMuch(message)) => Err(Refusal::document("TOO_COMPLEX", message)),
        Err(Refused::Syntax(error)) => {
            let mut refusal = Refusal::document("GRAPHQL_PARSE_FAILED", error.message);
            refusal.locations = error.locations;
            Err(refusal)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_say_what_and_where_and_repeat_nothing() {
        let (schema, bounds) = (crate::schema::build(), Bounds::default());
        let parse = |text: &str| super::parse(&schema, text, &bounds).err().unwrap();
        let refusal = parse("{ a(secret: \"text\" }");
        assert_eq!(refusal.code, "GRAPHQL_PARSE_FAILED");
        assert!(refusal.message.starts_with("Syntax Error: Expected"), "{}", refusal.message);
        assert!(!refusal.message.contains("secret") && !refusal.message.contains("text"), "{}", refusal.message);
        assert_eq!(refusal.locations.len(), 1);
        assert_eq!(parse(&format!("{{ a(b: {}", "[".repeat(65))).code, "TOO_COMPLEX");
    }

    #[test]
    fn a_document_is_parsed_once() {
        let documents = Documents::new(crate::schema::build(), Bounds::default());
        let first = documents.read("{ viewer { scopes } }").unwrap();
        assert!(Arc::ptr_eq(&first, &documents.read("{ viewer { scopes } }").unwrap()));
        assert!(!Arc::ptr_eq(&first, &documents.read("{ viewer {scopes } }").unwrap()), "the whole text counts");
        let long = format!("{{ viewer {{ scopes }} }}{}", " ".repeat(LONGEST_KEPT));
        assert!(!Arc::ptr_eq(&documents.read(&long).unwrap(), &documents.read(&long).unwrap()));
    }

    #[test]
    fn what_is_kept_is_bounded_by_its_bytes() {
        let documents = Documents::new(crate::schema::build(), Bounds::default());
        let text = |n: usize| format!("{{ viewer {{ scopes }} }} # {n} {}", "x".repeat(LONGEST_KEPT - 100));
        for n in 0..100 {
            documents.read(&text(n)).unwrap();
            documents.read(&text(n)).unwrap();
        }
        let kept = documents.kept();
        assert_eq!(kept.bytes, kept.documents.iter().map(|(text, _)| text.len()).sum::<usize>());
        assert!(kept.bytes <= MOST_BYTES_KEPT && kept.documents.len() > 60, "{}", kept.documents.len());
    }
}
