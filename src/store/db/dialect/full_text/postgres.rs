//! The forms of words and searches on `PostgreSQL`.

use std::collections::HashMap;
use std::fmt::Write;

use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Query};

use super::word::SEPARATOR;
use super::{WordQuery, WordSequence};
use crate::ids::CompanyId;

/// The condition that the words of a table match a query.
pub fn holds(table: &'static str, tsquery: Expr) -> Expr {
    Expr::col((table, "words")).binary(BinOper::Custom("@@"), tsquery)
}

/// As a subquery, the query text is parsed once and not for each row.
pub fn once(tsquery: Expr) -> Expr {
    Expr::SubQuery(None, Box::new(Query::select().expr(tsquery).take().into()))
}

pub fn tsquery(text: String) -> Expr {
    Expr::val(text).cast_as("tsquery")
}

/// A query in the input form of `tsquery`.
pub fn query_text(query: &WordQuery<'_>) -> String {
    let required = query.required.iter().map(|sequence| joined(*sequence, query.company_id, " & "));
    let excluded = query.excluded.iter().map(|word| format!("!{}", joined(*word, query.company_id, " & ")));
    required.chain(excluded).collect::<Vec<_>>().join(" & ")
}

/// A sequence in the input form of `tsquery`.
pub fn sequence_text(sequence: WordSequence<'_>, company_id: CompanyId) -> String {
    joined(sequence, company_id, " <-> ")
}

fn joined(sequence: WordSequence<'_>, company_id: CompanyId, operator: &str) -> String {
    let words: Vec<String> = sequence.words.iter().map(|word| format!("'{company_id}{SEPARATOR}{word}'")).collect();
    words.join(operator) + if sequence.prefix { ":*" } else { "" }
}

/// The words of a text with their positions, in the input form of `tsvector`; `None` stands for a word that is not
/// indexed at this position.
pub fn vector(company_id: CompanyId, words: &[Option<String>]) -> String {
    let mut positions_of: HashMap<&str, String> = HashMap::new();
    for (position, word) in (1..).zip(words) {
        let Some(word) = word else { continue };
        let positions = positions_of.entry(word).or_default();
        if !positions.is_empty() {
            positions.push(',');
        }
        positions.push_str(&i32::to_string(&position));
    }
    let mut vector = String::new();
    for (word, positions) in positions_of {
        // Writing to a String does not fail.
        let _ = write!(vector, "'{company_id}{SEPARATOR}{word}':{positions} ");
    }
    vector
}

/// Words without positions, in the input form of `tsvector`.
pub fn vector_of_words(company_id: CompanyId, words: impl IntoIterator<Item = String>) -> String {
    let mut vector = String::new();
    for word in words {
        // Writing to a String does not fail.
        let _ = write!(vector, "'{company_id}{SEPARATOR}{word}' ");
    }
    vector
}
