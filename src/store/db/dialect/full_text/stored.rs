use super::{GAP, postgres, sqlite};
use crate::store::db::dialect::{Database, Dialect};

impl Dialect {
    /// The form in which the words of a text are stored, by their positions; `None` stands for a word that is not
    /// indexed at its position.
    pub fn stored_words(self, company_id: i64, words: &[Option<String>]) -> String {
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
        assert_eq!(Dialect::SQLITE.stored_words(7, &words), " a b _ a ");
        let vector = Dialect::POSTGRES.stored_words(7, &words);
        let mut vector: Vec<&str> = vector.split_ascii_whitespace().collect();
        vector.sort_unstable();
        assert_eq!(vector, ["'7_a':1,4", "'7_b':2"]);
    }
}
