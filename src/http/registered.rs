//! Documents that clients have registered by sending them once with their hash (automatic persisted queries).
//!
//! Each company has its own: whether a hash is known tells nothing about others. The space is bounded, and whoever takes most
//! of it loses documents first: a company where all of them are full, and in it a token. So nobody drives out what others
//! have registered by registering more. Only texts are kept, which are valid documents; what is made of them is in the
//! cache of documents, where every text is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sha256::Hash;
use super::sizes::{self, Sizes};
use crate::auth::TokenKey;

/// How many bytes are kept: texts, and all that is needed to find them.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    pub all: usize,
    /// Of these, those of one company.
    pub of_company: usize,
}

impl Default for Space {
    fn default() -> Self {
        Self { all: 16 << 20, of_company: 4 << 20 }
    }
}

/// The documents of all companies.
pub struct Registered {
    space: Space,
    kept: Mutex<Kept>,
}

/// Trees, as hash tables keep the room that they have had, and every company and token that ever was one would keep some. Whatever
/// is done here takes a time that grows with the logarithm of how much there is.
#[derive(Default)]
struct Kept {
    documents: BTreeMap<(i64, Hash), Document>,
    /// Those of each token by when they were used last: the one that was not used for longest first.
    uses: BTreeMap<(TokenKey, u64), Hash>,
    /// How much each token has registered, by its company.
    tokens: Sizes<i64, TokenKey>,
    /// How much each company has.
    companies: Sizes<(), i64>,
    bytes: usize,
    /// How often any document was used.
    clock: u64,
}

struct Document {
    text: Arc<str>,
    /// Who has registered it.
    owner: TokenKey,
    used: u64,
}

/// What a document takes beside its text.
const DOCUMENT: usize = sizes::entry::<(i64, Hash), Document>() + sizes::entry::<(TokenKey, u64), Hash>() + COUNTS;
/// The counts of a shared text.
const COUNTS: usize = 2 * size_of::<usize>();
/// What the first document of a token takes besides, and the first one of a company.
const TOKEN: usize = Sizes::<i64, TokenKey>::ENTRY;
const COMPANY: usize = Sizes::<(), i64>::ENTRY;

fn bytes(text: &str) -> usize {
    DOCUMENT + text.len()
}

impl Kept {
    fn get(&mut self, company: i64, hash: &Hash) -> Option<&Arc<str>> {
        let document = self.documents.get_mut(&(company, *hash))?;
        self.clock += 1;
        self.uses.remove(&(document.owner, document.used));
        self.uses.insert((document.owner, self.clock), *hash);
        document.used = self.clock;
        Some(&document.text)
    }

    fn put(&mut self, company: i64, owner: TokenKey, hash: Hash, text: &str) {
        self.clock += 1;
        let document = Document { text: text.into(), owner, used: self.clock };
        self.documents.insert((company, hash), document);
        self.uses.insert((owner, self.clock), hash);
        self.resize(company, owner, |size| size + bytes(text));
    }

    /// Forgets the document of a company that its token with the most has not used for longest.
    fn forget_one(&mut self, company: i64) -> Option<()> {
        let owner = self.tokens.largest(&company)?;
        let (&key, _) = self.uses.range((owner, 0)..).next().filter(|((token, _), _)| *token == owner)?;
        let hash = self.uses.remove(&key)?;
        let document = self.documents.remove(&(company, hash))?;
        self.resize(company, owner, |size| size - bytes(&document.text));
        Some(())
    }

    /// Keeps the sums, those of whoever begins to have documents or has none left included.
    fn resize(&mut self, company: i64, owner: TokenKey, documents: impl FnOnce(usize) -> usize) {
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

impl Registered {
    pub fn new(space: Space) -> Self {
        Self { space, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, company: i64, hash: &Hash) -> Option<Arc<str>> {
        self.kept().get(company, hash).cloned()
    }

    /// Keeps a document that is valid, and has this hash.
    pub fn put(&self, company: i64, owner: TokenKey, hash: Hash, text: &str) {
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
