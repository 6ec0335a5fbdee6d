//! The forms of words and searches on `SQLite`.

use sea_orm::sea_query::{Expr, ExprTrait};

use super::word::{GAP, SEPARATOR};
use super::{WordQuery, WordSequence};
use crate::store::db::dialect::Dialect;

/// The condition that the line of words in a table contains a text.
pub fn has(dialect: Dialect, table: &'static str, needle: String) -> Expr {
    dialect.position(Expr::col((table, "words")), needle).gt(Expr::cust("0"))
}

/// A query in the query language of `FTS5`; at least one required sequence is needed.
pub fn query_text(query: &WordQuery<'_>) -> String {
    let of = |sequence: &WordSequence<'_>| {
        let words = sequence.words.iter().map(|word| format!("\"{}{SEPARATOR}{word}\"", query.company_id));
        words.collect::<Vec<_>>().join(" AND ") + if sequence.prefix { " *" } else { "" }
    };
    let required = query.required.iter().map(of).collect::<Vec<_>>().join(" AND ");
    query.excluded.iter().map(of).fold(format!("({required})"), |found, word| format!("{found} NOT {word}"))
}

/// The substring to find in the words of a part.
pub fn needle(sequence: WordSequence<'_>) -> String {
    format!(" {}{}", sequence.words.join(" "), if sequence.prefix { "" } else { " " })
}

/// The substrings to find in the words of a note: one for each word.
pub fn word_needles(sequence: WordSequence<'_>) -> impl Iterator<Item = String> {
    let last = sequence.words.len() - 1;
    let end = move |place| if sequence.prefix && place == last { "" } else { " " };
    sequence.words.iter().enumerate().map(move |(place, word)| format!(" {word}{}", end(place)))
}

/// A line of words, with a blank before and after each.
pub fn line<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().fold(String::from(" "), |mut line, word| {
        line.push_str(word);
        line.push(' ');
        line
    })
}

/// The words of a line.
pub fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split_ascii_whitespace().filter(|word| *word != GAP)
}
