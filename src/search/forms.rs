//! A search in the query languages of the databases. What stands in them was made of letters, digits and marks: there is
//! nothing to escape.

use super::index::SEPARATOR;
use super::query::{Phrase, Search};

impl Search {
    /// Which words a note has, and which not, in the input form of `PostgreSQL`'s `tsquery`.
    pub fn tsquery(&self, company_id: i64) -> String {
        let wanted = self.wanted.iter().map(|phrase| phrase.tsquery_of(company_id, " & "));
        let unwanted = self.unwanted.iter().filter(|phrase| phrase.is_word());
        let unwanted = unwanted.map(|phrase| format!("!{}", phrase.tsquery(company_id)));
        wanted.chain(unwanted).collect::<Vec<_>>().join(" & ")
    }

    /// Which words a note has, and which not, in the query language of `SQLite`'s `FTS5`; there has to be one that it has.
    pub fn fts5(&self, company_id: i64) -> String {
        let of = |phrase: &Phrase| {
            let words = phrase.words.iter().map(|word| format!("\"{company_id}{SEPARATOR}{word}\""));
            words.collect::<Vec<_>>().join(" AND ") + if phrase.prefix { " *" } else { "" }
        };
        let wanted = self.wanted.iter().map(of).collect::<Vec<_>>().join(" AND ");
        let unwanted = self.unwanted.iter().filter(|phrase| phrase.is_word()).map(of);
        unwanted.fold(format!("({wanted})"), |found, word| format!("{found} NOT {word}"))
    }
}

impl Phrase {
    /// A phrase of one word: whether a note has it is known without its parts.
    pub fn is_word(&self) -> bool {
        self.words.len() == 1
    }

    /// In the input form of `PostgreSQL`'s `tsquery`.
    pub fn tsquery(&self, company_id: i64) -> String {
        self.tsquery_of(company_id, " <-> ")
    }

    /// The same, with another operator between the words.
    pub fn tsquery_of(&self, company_id: i64, operator: &str) -> String {
        let words: Vec<String> = self.words.iter().map(|word| format!("'{company_id}{SEPARATOR}{word}'")).collect();
        words.join(operator) + if self.prefix { ":*" } else { "" }
    }

    /// What the line of the words of a part holds, on `SQLite`.
    pub fn needle(&self) -> String {
        format!(" {}{}", self.words.join(" "), if self.prefix { "" } else { " " })
    }

    /// What the line of the words of a note holds, on `SQLite`: each word for itself.
    pub fn word_needles(&self) -> impl Iterator<Item = String> {
        let last = self.words.len() - 1;
        let end = move |place| if self.prefix && place == last { "" } else { " " };
        self.words.iter().enumerate().map(move |(place, word)| format!(" {word}{}", end(place)))
    }
}
