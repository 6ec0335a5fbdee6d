//! Documents that have been read before.
//!
//! A front end sends the same few documents again and again, with other variables: they are kept, by their whole text. Long
//! ones are kept where their client has registered them, and so will send them again, apart from the others: a few would take
//! the place of all of these.

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
/// Documents above this many bytes go into the second cache.
const LONG: usize = 16 << 10;
/// How long all that are kept may be together, in bytes. What is made of a text takes up to some fifty times as much: of one of 7 KB
/// with 150 root fields, and of one of 18 KB that holds a list of 9,000 numbers, which are nearly as many tokens as there may be.
/// Of longer ones it is less, as tokens and fields are bounded.
const MOST_BYTES_KEPT: usize = 1 << 20;
/// The same of long ones: four of the longest by default.
const MOST_LONG_BYTES_KEPT: usize = 512 << 10;

/// What is known of a text that is a document: what is wrong with it, where it does not fit the schema.
pub type Known<D = Arc<Document>> = Result<D, Vec<ServerError>>;

/// Reads documents and holds them against the schema, or remembers them.
pub struct Documents {
    schema: Schema,
    bounds: Bounds,
    kept: Mutex<Kept>,
    long: Mutex<Kept>,
}

struct Kept {
    documents: LruCache<String, Arc<Known>>,
    /// Of all texts.
    bytes: usize,
    most_bytes: usize,
}

impl Kept {
    fn new(most_bytes: usize) -> Mutex<Self> {
        Mutex::new(Self { documents: LruCache::new(MOST_KEPT), bytes: 0, most_bytes })
    }

    fn put(&mut self, text: &str, document: &Arc<Known>) {
        self.bytes += text.len();
        // What it takes the place of: the same text, put by another request meanwhile, or the one that was used least.
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

impl Documents {
    pub fn new(schema: Schema, bounds: Bounds) -> Self {
        Self { schema, bounds, kept: Kept::new(MOST_BYTES_KEPT), long: Kept::new(MOST_LONG_BYTES_KEPT) }
    }

    /// Where a text of this length is kept.
    fn kept(&self, text: &str) -> MutexGuard<'_, Kept> {
        let kept = if text.len() > LONG { &self.long } else { &self.kept };
        kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a text; `is_registered` says whether the client will ask for it by its hash from now on.
    ///
    /// # Errors
    /// Where the text is no document, or holds too much.
    pub fn read(&self, text: &str, is_registered: bool) -> Result<Arc<Known>, Refusal> {
        if let Some(document) = self.kept(text).documents.get(text) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(parse(&self.schema, text, &self.bounds)?.map(Arc::new));
        if text.len() <= LONG || is_registered {
            self.kept(text).put(text, &document);
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

    fn documents() -> Documents {
        Documents::new(crate::schema::build(), Bounds::default())
    }

    #[test]
    fn a_document_is_parsed_once() {
        let documents = documents();
        let first = documents.read("{ viewer { scopes } }", false).unwrap();
        assert!(Arc::ptr_eq(&first, &documents.read("{ viewer { scopes } }", false).unwrap()));
        assert!(!Arc::ptr_eq(&first, &documents.read("{ viewer {scopes } }", false).unwrap()), "the whole text counts");
    }

    #[test]
    fn so_is_a_long_one_that_was_registered() {
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
    fn what_is_kept_is_bounded_by_its_bytes() {
        let documents = documents();
        let text = |n: usize| format!("{{ viewer {{ scopes }} }} # {n} {}", "x".repeat(LONG - 100));
        for n in 0..100 {
            documents.read(&text(n), false).unwrap();
            documents.read(&text(n), false).unwrap();
        }
        assert_bounded(&documents.kept(""), 60);
    }
}
