//! Documents that clients have registered by sending them once with their hash (automatic persisted queries).
//!
//! Each company has its own: whether a hash is known tells nothing about others. The space is bounded, and whoever takes most
//! of it loses documents first: a company where all of them are full, and in it a token. So nobody drives out what others
//! have registered by registering more. Only texts are kept, which are valid documents; what is made of them is in the
//! cache of documents, where every text is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::sha256::Hash;
use crate::auth::TokenKey;

/// What a document takes beside its text, about. So no more than 65,536 are kept.
const DOCUMENT: usize = 256;

/// How many bytes of documents are kept.
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

#[derive(Default)]
struct Kept {
    companies: HashMap<i64, Company>,
    bytes: usize,
}

#[derive(Default)]
struct Company {
    /// Who has registered a document.
    owners: HashMap<Hash, TokenKey>,
    shares: HashMap<TokenKey, Share>,
    bytes: usize,
}

/// What one token has registered, and somebody has used least of late first.
struct Share {
    documents: LruCache<Hash, Arc<str>>,
    bytes: usize,
}

impl Default for Share {
    fn default() -> Self {
        // Bounded by bytes.
        Self { documents: LruCache::unbounded(), bytes: 0 }
    }
}

fn bytes(text: &str) -> usize {
    DOCUMENT + text.len()
}

impl Company {
    fn get(&mut self, hash: &Hash) -> Option<&Arc<str>> {
        self.shares.get_mut(self.owners.get(hash)?)?.documents.get(hash)
    }

    fn put(&mut self, hash: Hash, text: &str, owner: TokenKey) {
        let share = self.shares.entry(owner).or_default();
        share.documents.put(hash, text.into());
        share.bytes += bytes(text);
        self.bytes += bytes(text);
        self.owners.insert(hash, owner);
    }

    /// Forgets one document; gives the bytes that are free by that.
    fn forget_one(&mut self) -> usize {
        let Some((owner, share)) = self.shares.iter_mut().max_by_key(|(_, share)| share.bytes) else { return 0 };
        let owner = *owner;
        let freed = share.documents.pop_lru().map_or(0, |(hash, text)| {
            self.owners.remove(&hash);
            bytes(&text)
        });
        share.bytes -= freed;
        self.bytes -= freed;
        if share.documents.is_empty() {
            self.shares.remove(&owner);
        }
        freed
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
        self.kept().companies.get_mut(&company)?.get(hash).cloned()
    }

    /// Keeps a document that is valid, and has this hash.
    pub fn put(&self, company: i64, owner: TokenKey, hash: Hash, text: &str) {
        if bytes(text) > self.space.of_company {
            return;
        }
        let mut kept = self.kept();
        let kept = &mut *kept;
        let own = kept.companies.entry(company).or_default();
        if own.get(&hash).is_some() {
            return;
        }
        own.put(hash, text, owner);
        kept.bytes += bytes(text);
        while own.bytes > self.space.of_company {
            kept.bytes -= own.forget_one();
        }
        while kept.bytes > self.space.all {
            let Some((id, most)) = kept.companies.iter_mut().max_by_key(|(_, company)| company.bytes) else { return };
            let id = *id;
            kept.bytes -= most.forget_one();
            if most.shares.is_empty() {
                kept.companies.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(company_id: i64, token_id: i64) -> TokenKey {
        TokenKey::Token { company_id, token_id }
    }

    fn hash(number: usize) -> Hash {
        let mut hash = Hash::default();
        hash[..8].copy_from_slice(&number.to_le_bytes());
        hash
    }

    /// Room for so many documents of 256 bytes.
    fn room(all: usize, of_company: usize) -> Registered {
        Registered::new(Space { all: all * 512, of_company: of_company * 512 })
    }

    fn text() -> String {
        "x".repeat(256)
    }

    fn assert_sums(registered: &Registered) {
        let kept = registered.kept();
        let mut all = 0;
        for company in kept.companies.values() {
            let documents = || company.shares.values().flat_map(|share| share.documents.iter());
            let sum: usize = documents().map(|(_, text)| bytes(text)).sum();
            assert_eq!((company.bytes, company.owners.len()), (sum, documents().count()));
            assert!(sum <= registered.space.of_company && sum > 0);
            all += sum;
        }
        assert_eq!(kept.bytes, all);
        assert!(all <= registered.space.all);
    }

    #[test]
    fn a_document_is_of_its_company() {
        let registered = room(10, 10);
        registered.put(1, token(1, 1), hash(1), "{ a }");
        assert_eq!(registered.get(1, &hash(1)).as_deref(), Some("{ a }"));
        assert!(registered.get(2, &hash(1)).is_none() && registered.get(1, &hash(2)).is_none());
        registered.put(1, token(1, 2), hash(1), "{ a }");
        assert_sums(&registered);
    }

    #[test]
    fn who_registers_much_forgets_his_own_first() {
        let registered = room(1_000, 10);
        for number in 0..3 {
            registered.put(1, token(1, 1), hash(number), &text());
        }
        for number in 100..1_000 {
            registered.put(1, token(1, 2), hash(number), &text());
            assert_sums(&registered);
        }
        assert!((0..3).all(|number| registered.get(1, &hash(number)).is_some()), "those of another token");
        let own = (100..1_000).filter(|number| registered.get(1, &hash(*number)).is_some()).count();
        assert_eq!(own, 7);
        assert!(registered.get(1, &hash(999)).is_some());
    }

    #[test]
    fn so_does_a_company() {
        let registered = room(20, 15);
        for number in 0..4 {
            registered.put(1, token(1, 1), hash(number), &text());
        }
        for number in 0..500 {
            // However many tokens it has.
            registered.put(2, token(2, i64::try_from(number).unwrap()), hash(number), &text());
            assert_sums(&registered);
        }
        assert!((0..4).all(|number| registered.get(1, &hash(number)).is_some()));
        // One that comes later gets its part.
        for number in 0..8 {
            registered.put(3, token(3, 1), hash(number), &text());
        }
        assert_sums(&registered);
        assert!((0..8).all(|number| registered.get(3, &hash(number)).is_some()));
    }

    #[test]
    fn what_is_used_stays() {
        let registered = room(10, 10);
        for number in 0..100 {
            registered.put(1, token(1, 1), hash(number), &text());
            assert!(registered.get(1, &hash(0)).is_some(), "{number}");
        }
        registered.put(1, token(1, 1), hash(1_000), &"x".repeat(10_000));
        assert!(registered.get(1, &hash(1_000)).is_none() && registered.get(1, &hash(0)).is_some());
        assert_sums(&registered);
    }
}
