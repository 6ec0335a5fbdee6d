//! Texts, tokenized for the index.
//!
//! Tokenizing a long text takes some ten milliseconds. So long texts are tokenized on a separate thread. Each text is
//! tokenized once, however many notes have it, and before the transaction begins if a mutation of a client brings it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sea_orm::DbErr;

use super::part::Part;
use super::token::{MAX_TOKENS, searched, tokens};
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::ids::CompanyId;
use crate::meter::Meter;
use crate::scheduling::offload::{offload, offload_at_once, slices};
use crate::store::db::Dialect;
use crate::store::db::full_text::IndexedText;

/// Maximum number of indexed positions per token of a text: one less than `PostgreSQL` keeps.
const MAX_POSITIONS: usize = 255;
/// Texts of up to this many bytes together are tokenized on the current thread: less than a millisecond of work.
const SHORT: usize = 8 * 1024;

/// Tokenized texts, by their text. A batch looks up one long text for each of its notes: comparing it takes a fraction
/// of the time of hashing it.
#[derive(Clone, Default)]
pub struct IndexedTexts(BTreeMap<String, Arc<IndexedText>>);

impl IndexedTexts {
    /// Tokenizes the texts of a mutation before its transaction begins, so that other transactions do not wait for that,
    /// and the work counts towards the operation's limits.
    ///
    /// # Errors
    /// When the operation exceeds a limit.
    pub async fn before<'t>(reader: &DataSource, texts: impl IntoIterator<Item = &'t str>) -> Result<Self> {
        Self::metered(&reader.meter, reader.access.company_id, reader.db.dialect(), texts).await
    }

    async fn metered<'t>(
        meter: &Meter,
        company_id: CompanyId,
        dialect: Dialect,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Result<Self> {
        let texts: BTreeSet<&str> = texts.into_iter().map(searched).collect();
        let are_long = are_long(texts.iter().copied());
        let texts = texts.into_iter().map(str::to_owned);
        if !are_long {
            return Ok(Self(indexed_all(texts, company_id, dialect).collect()));
        }
        let mut known = Self::default();
        for slice in slices(texts, String::len) {
            let done = offload(move || indexed_all(slice, company_id, dialect).collect::<Vec<_>>()).await?;
            known.0.extend(done.value);
            meter.cpu(done.took);
            meter.check()?;
        }
        Ok(known)
    }

    /// Tokenizes those texts of parts that are not `known`. This does not wait for a turn, as the caller is in a
    /// transaction, or an import, which has a process of its own.
    ///
    /// # Errors
    /// When the work panics.
    pub async fn of(parts: &[Part<'_>], known: &Self, company_id: CompanyId, dialect: Dialect) -> Result<Self, DbErr> {
        let texts: BTreeSet<&str> = parts.iter().map(|part| searched(part.text)).collect();
        let (mut found, mut unknown) = (BTreeMap::new(), Vec::new());
        for text in texts {
            if let Some(indexed) = known.0.get(text) {
                found.insert(text.to_owned(), Arc::clone(indexed));
            } else {
                unknown.push(text.to_owned());
            }
        }
        let are_long = are_long(unknown.iter().map(String::as_str));
        let index = move || indexed_all(unknown, company_id, dialect).collect::<Vec<_>>();
        found.extend(if are_long {
            offload_at_once(index).await.map_err(|error| DbErr::Custom(error.to_string()))?
        } else {
            index()
        });
        Ok(Self(found))
    }

    pub fn get(&self, part: &Part<'_>) -> Option<&Arc<IndexedText>> {
        self.0.get(searched(part.text))
    }
}

/// Whether tokenizing these texts takes longer than the current thread may compute.
pub fn are_long<'t>(texts: impl IntoIterator<Item = &'t str>) -> bool {
    texts.into_iter().map(str::len).sum::<usize>() > SHORT
}

fn indexed_all(
    texts: impl IntoIterator<Item = String>,
    company_id: CompanyId,
    dialect: Dialect,
) -> impl Iterator<Item = (String, Arc<IndexedText>)> {
    texts.into_iter().map(move |text| {
        let indexed = IndexedText::new(indexed(&text).collect(), company_id, dialect);
        (text, Arc::new(indexed))
    })
}

/// The indexed tokens of a text; `None` in place of a token that has too many positions.
fn indexed(text: &str) -> impl Iterator<Item = Option<String>> {
    let mut positions: HashMap<String, usize> = HashMap::new();
    tokens(searched(text)).take(MAX_TOKENS).map(move |token| {
        let count = positions.entry(token.word.clone()).or_default();
        *count += 1;
        (*count <= MAX_POSITIONS).then_some(token.word)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Error;
    use crate::ids::NoteId;
    use crate::meter::{MemoryLimits, MemoryPool, OperationLimits};
    use crate::search::TextField;

    const COMPANY: CompanyId = CompanyId(7);

    #[tokio::test]
    async fn each_text_is_tokenized_once() {
        let long = "long words ".repeat(SHORT);
        let part = |note_id, text| Part { note_id: NoteId(note_id), field: TextField::Details, position: 0, text };
        let parts = [part(1, "a b a"), part(2, long.as_str()), part(3, "a b a"), part(4, "?!"), part(5, long.as_str())];
        let texts = IndexedTexts::of(&parts, &IndexedTexts::default(), COMPANY, Dialect::SQLITE).await.unwrap();
        assert_eq!(texts.0.len(), 3);
        let stored = |part: &Part<'_>| texts.get(part).unwrap().stored.as_deref();
        assert_eq!(stored(&parts[0]), Some(" a b a "));
        assert_eq!(stored(&parts[2]), Some(" a b a "));
        assert_eq!(stored(&parts[3]), None);
        let words = texts.get(&parts[4]).unwrap().words.as_ref().unwrap();
        assert_eq!(words.iter().map(String::as_str).collect::<Vec<_>>(), ["long", "words"]);
        let texts = IndexedTexts::of(&parts[..1], &IndexedTexts::default(), COMPANY, Dialect::POSTGRES).await.unwrap();
        let vector = texts.get(&parts[0]).unwrap().stored.clone().unwrap();
        assert!(vector.contains("'7_a':1,3 ") && vector.contains("'7_b':2 "), "{vector}");
    }

    #[tokio::test]
    async fn the_operation_pays_for_tokenizing_long_texts() {
        let long = "long words ".repeat(SHORT);
        let limits = OperationLimits { cpu: Duration::ZERO, ..OperationLimits::UNLIMITED };
        for (limits, code) in [(OperationLimits::UNLIMITED, None), (limits, Some("TOO_COMPLEX"))] {
            let meter = Meter::new(limits, MemoryPool::new(MemoryLimits::UNLIMITED).token(()));
            let short = IndexedTexts::metered(&meter, COMPANY, Dialect::SQLITE, ["short"]).await.unwrap();
            assert_eq!(short.0.len(), 1, "nothing is left to the transaction");
            let long = IndexedTexts::metered(&meter, COMPANY, Dialect::SQLITE, [long.as_str(), "short"]).await;
            assert_eq!(long.as_ref().err().map(Error::code), code);
            assert!(long.is_err() || long.is_ok_and(|texts| texts.0.len() == 2));
        }
    }

    #[tokio::test]
    async fn known_texts_are_not_tokenized_again() {
        let long = "long words ".repeat(SHORT);
        let parts = [(1, long.as_str()), (2, "short")].map(|(note_id, text)| Part {
            note_id: NoteId(note_id),
            field: TextField::Details,
            position: 0,
            text,
        });
        let known = IndexedTexts::of(&parts[..1], &IndexedTexts::default(), COMPANY, Dialect::SQLITE).await.unwrap();
        let texts = IndexedTexts::of(&parts, &known, COMPANY, Dialect::SQLITE).await.unwrap();
        assert!(Arc::ptr_eq(texts.get(&parts[0]).unwrap(), known.get(&parts[0]).unwrap()));
        assert_eq!(texts.get(&parts[1]).unwrap().stored.as_deref(), Some(" short "));
    }
}
