//! Texts as they are indexed.
//!
//! Taking a long text apart takes some ten milliseconds. Long texts are taken apart on a thread of its own, each once,
//! however many notes have it.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use sea_orm::{DatabaseBackend, DbErr};

use super::index::{GAP, Part, SEPARATOR};
use super::token::{MAX_TOKENS, searched, tokens};
use super::words::MAX_WORDS;
use crate::offload::offload_at_once;

/// Of each token of a text, so many positions are indexed: as many as `PostgreSQL` keeps, less one.
const MAX_POSITIONS: usize = 255;
/// Texts of so many bytes together are taken apart where they are: less than a millisecond of work.
const SHORT: usize = 8 * 1024;

/// Texts by what they say.
pub struct Texts(HashMap<String, Indexed>);

/// A text as it is indexed.
#[derive(Default)]
pub struct Indexed {
    /// What is stored of it, in the form of the database; nothing, where it has no words.
    pub stored: Option<String>,
    /// Its words; none, where there are more than a note may have.
    pub words: Option<BTreeSet<String>>,
}

impl Texts {
    /// Takes the texts of parts apart. The caller is in a transaction, which is why nobody is waited for.
    ///
    /// # Errors
    /// When the work panics.
    pub async fn of(parts: &[Part<'_>], company_id: i64, backend: DatabaseBackend) -> Result<Self, DbErr> {
        let texts: BTreeSet<&str> = parts.iter().map(|part| part.text).collect();
        let length: usize = texts.iter().map(|text| text.len()).sum();
        let texts: Vec<String> = texts.into_iter().map(|text| searched(text).to_owned()).collect();
        let index = move || {
            let index = |text: String| {
                let indexed = Indexed::new(&text, company_id, backend);
                (text, indexed)
            };
            Self(texts.into_iter().map(index).collect())
        };
        if length <= SHORT { Ok(index()) } else { offload_at_once(index).await }
    }

    pub fn get(&self, part: &Part<'_>) -> Option<&Indexed> {
        self.0.get(searched(part.text))
    }
}

impl Indexed {
    fn new(text: &str, company_id: i64, backend: DatabaseBackend) -> Self {
        let tokens: Vec<Option<String>> = indexed(text).collect();
        if tokens.is_empty() {
            return Self { stored: None, words: Some(BTreeSet::new()) };
        }
        let stored = Some(match backend {
            DatabaseBackend::Postgres => vector(company_id, &tokens),
            _ => line(&tokens),
        });
        let words: BTreeSet<String> = tokens.into_iter().flatten().collect();
        Self { stored, words: (words.len() <= MAX_WORDS).then_some(words) }
    }
}

/// The tokens of a text that are indexed, those with too many positions left out.
fn indexed(text: &str) -> impl Iterator<Item = Option<String>> {
    let mut positions: HashMap<String, usize> = HashMap::new();
    tokens(searched(text)).take(MAX_TOKENS).map(move |token| {
        let count = positions.entry(token.word.clone()).or_default();
        *count += 1;
        (*count <= MAX_POSITIONS).then_some(token.word)
    })
}

/// The tokens of a text between blanks, one at either end, as `SQLite` has them.
fn line(tokens: &[Option<String>]) -> String {
    let mut line = String::from(" ");
    for word in tokens {
        line.push_str(word.as_deref().unwrap_or(GAP));
        line.push(' ');
    }
    line
}

/// The tokens of a text with their positions, in the input form of `PostgreSQL`'s `tsvector`. Tokens hold neither quotes
/// nor backslashes.
fn vector(company_id: i64, tokens: &[Option<String>]) -> String {
    let mut words: HashMap<&str, String> = HashMap::new();
    for (position, word) in (1..).zip(tokens) {
        let Some(word) = word else { continue };
        let positions = words.entry(word).or_default();
        if !positions.is_empty() {
            positions.push(',');
        }
        positions.push_str(&i32::to_string(&position));
    }
    let mut vector = String::new();
    for (word, positions) in words {
        // Writing to a String does not fail.
        let _ = write!(vector, "'{company_id}{SEPARATOR}{word}':{positions} ");
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Field;

    #[tokio::test]
    async fn each_text_is_taken_apart_once_wherever_it_stands() {
        let long = "long words ".repeat(SHORT);
        let part = |note_id, text| Part { note_id, field: Field::Details, position: 0, text };
        let parts = [part(1, "a b a"), part(2, long.as_str()), part(3, "a b a"), part(4, "?!"), part(5, long.as_str())];
        let texts = Texts::of(&parts, 7, DatabaseBackend::Sqlite).await.unwrap();
        assert_eq!(texts.0.len(), 3);
        let stored = |part: &Part<'_>| texts.get(part).unwrap().stored.as_deref();
        assert_eq!(stored(&parts[0]), Some(" a b a "));
        assert_eq!(stored(&parts[2]), Some(" a b a "));
        assert_eq!(stored(&parts[3]), None);
        let words = texts.get(&parts[4]).unwrap().words.as_ref().unwrap();
        assert_eq!(words.iter().map(String::as_str).collect::<Vec<_>>(), ["long", "words"]);
        let texts = Texts::of(&parts[..1], 7, DatabaseBackend::Postgres).await.unwrap();
        let vector = texts.get(&parts[0]).unwrap().stored.clone().unwrap();
        assert!(vector.contains("'7_a':1,3 ") && vector.contains("'7_b':2 "), "{vector}");
    }
}
