use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use cpu_time::ThreadTime;

use super::*;
use crate::ids::{CompanyId, TokenId};

fn token(company_id: i64, token_id: i64) -> TokenKey {
    TokenKey::Token { company_id: CompanyId(company_id), token_id: TokenId(token_id) }
}

fn hash(number: usize) -> Hash {
    let mut hash = Hash::default();
    hash[..8].copy_from_slice(&number.to_le_bytes());
    hash
}

/// Room for this many documents of the text below, and for a few companies and tokens that own them.
fn room(all: usize, of_company: usize) -> ApqStore {
    let of = |documents, companies| documents * bytes(&text()) + companies * (TOKEN + COMPANY);
    ApqStore::new(Space { all: of(all, 2), of_company: of(of_company, 2) })
}

fn text() -> String {
    "x".repeat(2_000)
}

fn assert_sums(registered: &ApqStore) {
    let kept = registered.kept();
    let (mut companies, mut tokens): (HashMap<CompanyId, usize>, HashMap<TokenKey, usize>) = Default::default();
    let mut owners = BTreeSet::new();
    for ((company, hash), document) in &kept.documents {
        assert_eq!(kept.uses.get(&(document.owner, document.used)), Some(hash));
        *tokens.entry(document.owner).or_insert(TOKEN) += bytes(&document.text);
        *companies.entry(*company).or_insert(COMPANY) += bytes(&document.text);
        owners.insert((*company, document.owner));
    }
    for (company, _) in &owners {
        *companies.get_mut(company).unwrap() += TOKEN;
    }
    assert_eq!(kept.uses.len(), kept.documents.len());
    assert!(tokens.iter().all(|(token, bytes)| kept.tokens.size(token) == *bytes));
    assert!(companies.iter().all(|(company, bytes)| kept.companies.size(company) == *bytes));
    assert!(companies.values().all(|bytes| *bytes <= registered.space.of_company));
    assert_eq!(kept.bytes, companies.values().sum::<usize>());
    assert!(kept.bytes <= registered.space.all);
}

#[test]
fn a_registered_document_belongs_to_its_company() {
    let registered = room(10, 10);
    registered.put(CompanyId(1), token(1, 1), hash(1), "{ a }");
    assert_eq!(registered.get(CompanyId(1), &hash(1)).as_deref(), Some("{ a }"));
    assert!(registered.get(CompanyId(2), &hash(1)).is_none() && registered.get(CompanyId(1), &hash(2)).is_none());
    registered.put(CompanyId(1), token(1, 2), hash(1), "{ a }");
    assert_sums(&registered);
}

#[test]
fn a_token_over_its_share_evicts_its_own_documents_first() {
    let registered = room(1_000, 10);
    for number in 0..3 {
        registered.put(CompanyId(1), token(1, 1), hash(number), &text());
    }
    for number in 100..1_000 {
        registered.put(CompanyId(1), token(1, 2), hash(number), &text());
        assert_sums(&registered);
    }
    assert!((0..3).all(|number| registered.get(CompanyId(1), &hash(number)).is_some()), "those of another token");
    let own = (100..1_000).filter(|number| registered.get(CompanyId(1), &hash(*number)).is_some()).count();
    assert_eq!(own, 7);
    assert!(registered.get(CompanyId(1), &hash(999)).is_some());
}

#[test]
fn a_company_over_its_share_evicts_its_own_documents_first() {
    let registered = room(20, 15);
    for number in 0..4 {
        registered.put(CompanyId(1), token(1, 1), hash(number), &text());
    }
    for number in 0..500 {
        // Use a new token each time: their number must not matter.
        registered.put(CompanyId(2), token(2, i64::try_from(number).unwrap()), hash(number), &text());
        assert_sums(&registered);
    }
    assert!((0..4).all(|number| registered.get(CompanyId(1), &hash(number)).is_some()));
    // A company that comes later still gets its share.
    for number in 0..6 {
        registered.put(CompanyId(3), token(3, 1), hash(number), &text());
    }
    assert_sums(&registered);
    assert!((0..6).all(|number| registered.get(CompanyId(3), &hash(number)).is_some()));
}

#[test]
fn recently_used_documents_stay() {
    let registered = room(10, 10);
    for number in 0..100 {
        registered.put(CompanyId(1), token(1, 1), hash(number), &text());
        assert!(registered.get(CompanyId(1), &hash(0)).is_some(), "{number}");
    }
    registered.put(CompanyId(1), token(1, 1), hash(1_000), &"x".repeat(100_000));
    assert!(registered.get(CompanyId(1), &hash(1_000)).is_none() && registered.get(CompanyId(1), &hash(0)).is_some());
    assert_sums(&registered);
}

/// Uses documents, companies and tokens of all sizes: whoever has less than an equal share keeps everything.
#[test]
fn shares_are_fair_with_many_companies() {
    let registered = ApqStore::new(Space { all: 1 << 20, of_company: 1 << 19 });
    let mut number = 0;
    let mut put = |company: i64, token_id: i64, length: usize| {
        number += 1;
        registered.put(CompanyId(company), token(company, token_id), hash(number), &"x".repeat(length));
        number
    };
    let small: Vec<_> = (0..100).map(|company| (company, put(company, 0, 10))).collect();
    let quiet: Vec<_> = (0..20).map(|token| put(1_000, token, 100)).collect();
    for round in 0..3_000 {
        put(1_000 + round % 3, 100 + round % 7, 37 * usize::try_from(round % 100).unwrap());
        if round % 100 == 0 {
            assert_sums(&registered);
        }
    }
    assert!(small.iter().all(|(company, number)| registered.get(CompanyId(*company), &hash(*number)).is_some()));
    assert!(quiet.iter().all(|number| registered.get(CompanyId(1_000), &hash(*number)).is_some()));
    assert_sums(&registered);
}

/// Requests wait for the lock, so the time of a put must not grow with the number of tokens.
#[test]
fn eviction_takes_no_longer_when_full() {
    let registered = ApqStore::new(Space::default());
    let put = |number: usize| {
        let number_of = i64::try_from(number).unwrap();
        // Use as many companies and tokens as fit.
        registered.put(CompanyId(number_of % 5_000), token(number_of % 5_000, number_of), hash(number), "{a}");
    };
    (0..40_000).for_each(put);
    let start = ThreadTime::now();
    (40_000..42_000).for_each(put);
    let each = start.elapsed() / 2_000;
    // Measure CPU time, as other tests run in parallel. Visiting each of some 20,000 shares would take longer.
    assert!(each < Duration::from_micros(if cfg!(debug_assertions) { 200 } else { 20 }), "{each:?}");
    assert_sums(&registered);
}

/// Checks the constants against the sizes of the types in the trees, the least that an allocator is asked for, so that
/// an added field is counted.
#[test]
fn all_stored_bytes_are_counted() {
    let least =
        size_of::<(CompanyId, Hash)>() + size_of::<Document>() + size_of::<(TokenKey, u64)>() + size_of::<Hash>();
    assert!((least..4 * least).contains(&DOCUMENT), "{DOCUMENT} of {least}");
    let registered = ApqStore::new(Space::default());
    // The smallest documents, each of another token, as these have the largest overhead.
    for number in 0..100_000 {
        registered.put(CompanyId(number), token(number, 1), hash(usize::try_from(number).unwrap()), "{a}");
    }
    let kept = registered.kept();
    let documents = kept.documents.len();
    assert_eq!(documents, registered.space.all / (DOCUMENT + 3 + TOKEN + COMPANY));
    assert_eq!(kept.bytes, documents * (DOCUMENT + 3 + TOKEN + COMPANY));
}
