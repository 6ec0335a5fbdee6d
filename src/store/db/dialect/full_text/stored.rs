use std::collections::BTreeSet;

use super::word::{GAP, MAX_WORDS};
use super::{postgres, sqlite};
use crate::ids::CompanyId;
use crate::store::db::dialect::{Database, Dialect};

/// The words of a text, as the index takes them.
#[derive(Debug, Default)]
pub struct IndexedText {
    /// The stored form of the text for the database; `None` if it has no words.
    pub stored: Option<String>,
    /// Its words; `None` if there are more than an indexed note may have.
    pub words: Option<BTreeSet<String>>,
}

impl IndexedText {
    /// `words` are all words of the text in their order; `None` stands for a word that is not indexed at its position.
    pub fn new(words: Vec<Option<String>>, company_id: CompanyId, dialect: Dialect) -> Self {
        if words.is_empty() {
            return Self { stored: None, words: Some(BTreeSet::new()) };
        }
        let stored = Some(dialect.stored_words(company_id, &words));
        let words: BTreeSet<String> = words.into_iter().flatten().collect();
        Self { stored, words: (words.len() <= MAX_WORDS).then_some(words) }
    }
}

impl Dialect {
    /// The form in which the words of a text are stored, by their positions; `None` stands for a word that is not
    /// indexed at its position.
    fn stored_words(self, company_id: CompanyId, words: &[Option<String>]) -> String {
        match self.0 {
            Database::Postgres => postgres::vector(company_id, words),
            Database::Sqlite => sqlite::line(words.iter().map(|word| word.as_deref().unwrap_or(GAP))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_positions() {
        let words = [Some("a".to_owned()), Some("b".to_owned()), None, Some("a".to_owned())];
        assert_eq!(Dialect::SQLITE.stored_words(CompanyId(7), &words), " a b _ a ");
        let vector = Dialect::POSTGRES.stored_words(CompanyId(7), &words);
        let mut vector: Vec<&str> = vector.split_ascii_whitespace().collect();
        vector.sort_unstable();
        assert_eq!(vector, ["'7_a':1,4", "'7_b':2"]);
    }
}
