//! Long texts in statements of `SQLite`.

use std::collections::BTreeMap;
use std::fmt::Write;

use sea_orm::sea_query::Value;
use serde_json::{Value as Json, json};

/// Minimum length in bytes of a text that is a parameter of its own.
const LONG: usize = 8 * 1024;

/// The texts of a statement of `SQLite` whose rows are a JSON parameter. `SQLite` reads a long text in JSON several times
/// for each row, so long texts are parameters of their own: each once, however many rows have it.
#[derive(Default)]
pub struct LongTexts<'t> {
    numbers: BTreeMap<&'t str, usize>,
}

impl<'t> LongTexts<'t> {
    /// Two values of a row: the text, if it is short, and the number of a long one.
    pub fn in_row(&mut self, text: Option<&'t str>) -> [Json; 2] {
        let Some(text) = text.filter(|text| text.len() >= LONG) else { return [json!(text), Json::Null] };
        let next = self.numbers.len();
        [Json::Null, json!(*self.numbers.entry(text).or_insert(next))]
    }

    /// The expression for the text of a row `k`, whose values at `place` and after it come from [`Self::in_row`]. The long
    /// texts are the parameters from `first` on.
    pub fn sql(&self, place: usize, first: usize) -> String {
        if self.numbers.is_empty() {
            return format!("k.value ->> {place}");
        }
        let mut sql = format!("coalesce(k.value ->> {place}, CASE k.value ->> {}", place + 1);
        for number in 0..self.numbers.len() {
            // Writing to a String does not fail.
            let _ = write!(sql, " WHEN {number} THEN ${}", first + number);
        }
        sql.push_str(" END)");
        sql
    }

    /// The long texts, in the order of their parameters.
    pub fn values(self) -> impl Iterator<Item = Value> {
        let mut texts: Vec<(usize, &str)> = self.numbers.into_iter().map(|(text, number)| (number, text)).collect();
        texts.sort_unstable();
        texts.into_iter().map(|(_, text)| text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_sent_once() {
        let (one, other) = ("b".repeat(LONG), "a".repeat(LONG));
        let mut texts = LongTexts::default();
        assert_eq!(texts.in_row(Some("short")), [json!("short"), Json::Null]);
        assert_eq!(texts.in_row(None), [Json::Null, Json::Null]);
        assert_eq!(texts.sql(3, 5), "k.value ->> 3");
        for (text, number) in [(&one, 0), (&other, 1), (&one, 0)] {
            assert_eq!(texts.in_row(Some(text)), [Json::Null, json!(number)]);
        }
        assert_eq!(texts.sql(3, 5), "coalesce(k.value ->> 3, CASE k.value ->> 4 WHEN 0 THEN $5 WHEN 1 THEN $6 END)");
        assert_eq!(texts.values().collect::<Vec<_>>(), [one.into(), other.into()]);
    }
}
