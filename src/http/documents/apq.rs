//! Documents that clients have registered by sending them once with their hash (automatic persisted queries).
//!
//! Each company has its own documents, so whether a hash is known reveals nothing about other companies. Space is
//! limited. When it is full, the largest user loses documents first: the company with the most bytes if the total limit
//! is exceeded, and within a company the token with the most bytes. So nobody can evict the documents of others by
//! registering more. Only the texts of valid documents are kept here; the parsed documents are in the document cache,
//! like all others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sizes::{self, Sizes};
use crate::http::sha256::Hash;
use crate::ids::CompanyId;
use crate::scheduling::TokenKey;

/// Space limits in bytes, for the texts and everything needed to find them.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    pub all: usize,
    /// Maximum for one company.
    pub of_company: usize,
}

impl Default for Space {
    fn default() -> Self {
        Self { all: 16 << 20, of_company: 4 << 20 }
    }
}

/// The registered documents of all companies.
pub struct ApqStore {
    space: Space,
    kept: Mutex<Kept>,
}

/// Uses trees, because hash tables keep the room that they once had, and a table for every company and token that ever
/// existed would add up. All operations take time logarithmic in the number of entries.
#[derive(Default)]
struct Kept {
    documents: BTreeMap<(CompanyId, Hash), Document>,
    /// The documents of each token in order of their last use, the least recently used first.
    uses: BTreeMap<(TokenKey, u64), Hash>,
    /// Bytes registered by each token, grouped by company.
    tokens: Sizes<CompanyId, TokenKey>,
    /// Bytes registered by each company.
    companies: Sizes<(), CompanyId>,
    bytes: usize,
    /// Counts all uses of documents, as a logical clock.
    clock: u64,
}

struct Document {
    text: Arc<str>,
    /// The token that registered it.
    owner: TokenKey,
    used: u64,
}

/// Bytes that a document takes in addition to its text.
const DOCUMENT: usize =
    sizes::entry::<(CompanyId, Hash), Document>() + sizes::entry::<(TokenKey, u64), Hash>() + COUNTS;
/// The reference counts of an `Arc`.
const COUNTS: usize = 2 * size_of::<usize>();
/// Additional bytes for the first document of a token, and of a company.
const TOKEN: usize = Sizes::<i64, TokenKey>::ENTRY;
const COMPANY: usize = Sizes::<(), i64>::ENTRY;

fn bytes(text: &str) -> usize {
    DOCUMENT + text.len()
}

impl Kept {
    fn get(&mut self, company: CompanyId, hash: &Hash) -> Option<&Arc<str>> {
        let document = self.documents.get_mut(&(company, *hash))?;
        self.clock += 1;
        self.uses.remove(&(document.owner, document.used));
        self.uses.insert((document.owner, self.clock), *hash);
        document.used = self.clock;
        Some(&document.text)
    }

    fn put(&mut self, company: CompanyId, owner: TokenKey, hash: Hash, text: &str) {
        self.clock += 1;
        let document = Document { text: text.into(), owner, used: self.clock };
        self.documents.insert((company, hash), document);
        self.uses.insert((owner, self.clock), hash);
        self.resize(company, owner, |size| size + bytes(text));
    }

    /// Evicts a document of a company: the least recently used one of the token with the most bytes.
    fn forget_one(&mut self, company: CompanyId) -> Option<()> {
        let owner = self.tokens.largest(&company)?;
        let (&key, _) = self.uses.range((owner, 0)..).next().filter(|((token, _), _)| *token == owner)?;
        let hash = self.uses.remove(&key)?;
        let document = self.documents.remove(&(company, hash))?;
        self.resize(company, owner, |size| size - bytes(&document.text));
        Some(())
    }

    /// Updates the sums, including the overhead of a token or company that gets its first document or loses its last
    /// one.
    fn resize(&mut self, company: CompanyId, owner: TokenKey, documents: impl FnOnce(usize) -> usize) {
        let (before, after) = self.tokens.change(company, owner, |size| {
            let documents = documents(size.saturating_sub(TOKEN));
            if documents == 0 { 0 } else { documents + TOKEN }
        });
        let (before, after) = self.companies.change((), company, |size| {
            let tokens = size.saturating_sub(COMPANY) + after - before;
            if tokens == 0 { 0 } else { tokens + COMPANY }
        });
        self.bytes = self.bytes + after - before;
    }
}

impl ApqStore {
    pub fn new(space: Space) -> Self {
        Self { space, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, company: CompanyId, hash: &Hash) -> Option<Arc<str>> {
        self.kept().get(company, hash).cloned()
    }

    /// Registers a valid document under its hash.
    pub fn put(&self, company: CompanyId, owner: TokenKey, hash: Hash, text: &str) {
        if bytes(text) + TOKEN + COMPANY > self.space.of_company {
            return;
        }
        let mut kept = self.kept();
        if kept.get(company, &hash).is_some() {
            return;
        }
        kept.put(company, owner, hash, text);
        while kept.companies.size(&company) > self.space.of_company && kept.forget_one(company).is_some() {}
        while kept.bytes > self.space.all
            && let Some(most) = kept.companies.largest(&())
            && kept.forget_one(most).is_some()
        {}
    }
}

#[cfg(test)]
mod tests;
