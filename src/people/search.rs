use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{Condition, QueryFilter, Select};

use super::index::Searchable;
use super::words::{cut, pieces};
use crate::error::{Error, Result};
use crate::graphql::pagination::FilteredRecords;
use crate::search::Shape;
use crate::store::AccessScope;

/// Maximum number of words in a search.
const MAX_WORDS: usize = 20;
/// Maximum length of a search, in bytes: twenty words of any language.
const MAX_BYTES: usize = 10_000;

/// A search for people: each word must be a prefix of one of the person's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeopleSearch(Arc<[String]>);

impl PeopleSearch {
    /// Parses a search; `None` if the text is blank, which sets no condition.
    ///
    /// # Errors
    /// INVALID if there are too many words, or bytes.
    pub fn new(text: Option<&str>) -> Result<Option<Self>> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        if text.len() > MAX_BYTES {
            return Err(Error::Invalid(format!("`search` is longer than {MAX_BYTES} bytes.")));
        }
        let mut pieces = pieces(text);
        let count = pieces.len();
        if count > MAX_WORDS {
            return Err(Error::Invalid(format!("`search` has {count} words; at most {MAX_WORDS} are allowed.")));
        }
        // In a name without blanks, the text may continue after the last character of the search.
        if pieces.last().is_some_and(|piece| piece.shape == Shape::Last) {
            pieces.pop();
        }
        let words: Vec<&str> = pieces.iter().map(|piece| cut(&piece.word)).collect();
        // A person with a word that begins with `anna` also has one that begins with `ann`.
        let is_implied = |at: usize, word: &str| {
            let mut others = words.iter().enumerate();
            others.any(|(other, longer)| longer.starts_with(word) && (longer.len() > word.len() || other < at))
        };
        let wanted = words.iter().enumerate().filter(|(at, word)| !is_implied(*at, word));
        Ok(Some(Self(wanted.map(|(_, word)| (*word).to_owned()).collect())))
    }

    /// Selects the people that the search finds: candidates have the longest word, which is usually the rarest, and the
    /// condition checks the other words. A text without words finds nobody.
    pub fn finds<E: Searchable>(&self, people: Select<E>, access: AccessScope) -> FilteredRecords<E> {
        let Some(longest) = self.0.iter().max_by_key(|word| word.len()) else {
            return FilteredRecords { select: people.filter(Expr::val(1).eq(0)), condition: None };
        };
        let with_word = |word: &String| {
            Query::select()
                .from(E::WORD_TABLE)
                .and_where(Expr::col("company_id").eq(access.company_id))
                .and_where(Expr::col("word").gte(word.as_str()))
                // The greatest character sorts after every continuation of the word.
                .and_where(Expr::col("word").lt(format!("{word}{}", char::MAX)))
                .take()
        };
        let id = || Expr::col((E::default(), E::ID));
        let people = people.filter(id().in_subquery(with_word(longest).column(E::WORD_ID).take()));
        let others: Vec<&String> = self.0.iter().filter(|word| *word != longest).collect();
        let has = |word: &&String| {
            let own = Expr::col((E::WORD_TABLE, E::WORD_ID)).eq(id());
            let own = with_word(word).expr(Expr::cust("1")).and_where(own).limit(1).take();
            // PostgreSQL would turn EXISTS into a join, and read the words of all people.
            Expr::SubQuery(None, Box::new(own.into())).is_not_null()
        };
        let condition = others.iter().map(has).fold(Condition::all(), Condition::add);
        FilteredRecords { select: people, condition: (!others.is_empty()).then_some(condition) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<Vec<String>> {
        PeopleSearch::new(Some(text)).unwrap().map(|search| search.0.to_vec())
    }

    #[test]
    fn words_implied_by_longer_ones_are_dropped() {
        assert_eq!(words("Ann LEE ann annabel"), Some(vec!["lee".to_owned(), "annabel".to_owned()]));
        assert_eq!(words("Lee, lee"), Some(vec!["lee".to_owned()]));
        assert_eq!(words("+49 171 2"), Some(vec!["491712".to_owned()]));
        assert_eq!(words("手机号"), Some(vec!["手机".to_owned(), "机号".to_owned()]));
        assert_eq!(words("手"), Some(vec!["手".to_owned()]));
        assert_eq!(words(" \n"), None);
        assert_eq!(words("!"), Some(Vec::new()));
        assert!(PeopleSearch::new(None).unwrap().is_none());
    }

    #[test]
    fn a_search_is_bounded() {
        let many = |count: u32| (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(words(&many(20)).map(|words| words.len()), Some(19), "w1 is implied by w10");
        assert_eq!(PeopleSearch::new(Some(&many(21))).err().map(|error| error.code()), Some("INVALID"));
        assert!(PeopleSearch::new(Some(&"!".repeat(MAX_BYTES))).is_ok());
        assert_eq!(
            PeopleSearch::new(Some(&"!".repeat(MAX_BYTES + 1))).err().map(|error| error.code()),
            Some("INVALID")
        );
    }
}
