//! Renders a search in the query languages of the databases. The tokens consist of letters, digits and marks, so
//! nothing has to be escaped.

use super::part::SEPARATOR;
use super::query::{Phrase, Search};

impl Search {
    /// The words that a note must have, and those that it must not have, in the input form of `PostgreSQL`'s `tsquery`.
    pub fn tsquery(&self, company_id: i64) -> String {
        let required = self.required.iter().map(|phrase| phrase.tsquery_of(company_id, " & "));
        let excluded = self.excluded.iter().filter(|phrase| phrase.is_word());
        let excluded = excluded.map(|phrase| format!("!{}", phrase.tsquery(company_id)));
        required.chain(excluded).collect::<Vec<_>>().join(" & ")
    }

    /// The words that a note must have, and those that it must not have, in the query language of `SQLite`'s `FTS5`; at
    /// least one required word is required.
    pub fn fts5(&self, company_id: i64) -> String {
        let of = |phrase: &Phrase| {
            let words = phrase.words.iter().map(|word| format!("\"{company_id}{SEPARATOR}{word}\""));
            words.collect::<Vec<_>>().join(" AND ") + if phrase.prefix { " *" } else { "" }
        };
        let required = self.required.iter().map(of).collect::<Vec<_>>().join(" AND ");
        let excluded = self.excluded.iter().filter(|phrase| phrase.is_word()).map(of);
        excluded.fold(format!("({required})"), |found, word| format!("{found} NOT {word}"))
    }
}

impl Phrase {
    /// Whether the phrase is one word: then the words of a note decide, without its parts.
    pub fn is_word(&self) -> bool {
        self.words.len() == 1
    }

    /// The phrase in the input form of `PostgreSQL`'s `tsquery`.
    pub fn tsquery(&self, company_id: i64) -> String {
        self.tsquery_of(company_id, " <-> ")
    }

    /// The same, with another operator between the words.
    pub fn tsquery_of(&self, company_id: i64, operator: &str) -> String {
        let words: Vec<String> = self.words.iter().map(|word| format!("'{company_id}{SEPARATOR}{word}'")).collect();
        words.join(operator) + if self.prefix { ":*" } else { "" }
    }

    /// The substring to find in the words of a part, on `SQLite`.
    pub fn needle(&self) -> String {
        format!(" {}{}", self.words.join(" "), if self.prefix { "" } else { " " })
    }

    /// The substrings to find in the words of a note, on `SQLite`: one for each word.
    pub fn word_needles(&self) -> impl Iterator<Item = String> {
        let last = self.words.len() - 1;
        let end = move |place| if self.prefix && place == last { "" } else { " " };
        self.words.iter().enumerate().map(move |(place, word)| format!(" {word}{}", end(place)))
    }
}
