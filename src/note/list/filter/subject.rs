//! Comparisons of the subject, on its casefolded copy.

use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{ColumnTrait, Condition};

use super::comparator::StringFilter;
use super::condition::{FilterCompiler, FilterContext, without_nul};
use super::operator::{IS_NULL, Operators, is_empty};
use super::plan::FilterPlan;
use crate::error::Result;
use crate::note::list::sort_key::{self, NullOrder};
use crate::store::entity::note;
use crate::text::casefold::casefold;

/// Minimum length in characters of a prefix with which few subjects begin.
const FEW_BEGIN_WITH: usize = 3;
/// The weight of computing the beginning of a subject and comparing it (`BEGINNING`), the number of texts in a list that
/// adds 1 (`TEXTS`), and the length in bytes of a prefix that does (`STARTS_WITH_BYTES`): the rest of a prefix that is
/// longer than a beginning is compared with the subject.
const BEGINNING: u64 = 2;
const TEXTS: u64 = 25;
const STARTS_WITH_BYTES: u64 = 400;
/// The weight of a substring match on a subject (`CONTAINS`), and the length in bytes of the text that adds 1 (`BYTES`):
/// in a repetitive subject, a match may start at each character. A usual subject takes a fifth of a microsecond, the
/// longest 7 on `SQLite` and 15 to 30 on `PostgreSQL`, however short the text.
const CONTAINS: u64 = 3;
const BYTES: u64 = 30;

impl FilterCompiler {
    pub fn subject(&mut self, filter: &StringFilter, context: FilterContext<'_>, plan: &mut FilterPlan) -> Result<()> {
        let path = &context.path("subject");
        let StringFilter { eq, neq, is_in, not_in, contains, starts_with, is_null } = filter;
        let folded = |text: &String| without_nul(path, text).map(|text| casefold(&text));
        let before = self.count.so_far();
        let (one, many) = ((eq.as_ref(), neq.as_ref()), (is_in.as_deref(), not_in.as_deref()));
        let Operators { eq, neq, is_in, not_in, is_null } = self.count.operators(path, one, many, *is_null, folded)?;
        let contains = self.count.operator(contains.as_ref())?.map(folded).transpose()?;
        let starts_with = self.count.operator(starts_with.as_ref())?.map(folded).transpose()?;
        self.count.more_than(before, path, IS_NULL)?;

        let subject = Expr::col((note::Entity, note::Column::SubjectFolded));
        let or_empty = |condition: Expr| Condition::any().add(condition).add(subject.clone().is_null());
        let one_of = |texts: Vec<String>| self.dialect.one_of_texts(subject.clone(), texts);
        // An index finds what every result must match. Elsewhere, the beginning of each note's subject is computed.
        let weight = |weight: u64| if context.required { 0 } else { weight };
        // Find equal subjects by their beginning, which is indexed, then compare the whole text.
        if let Some(text) = eq {
            let found =
                Condition::all().add(beginning().eq(sort_key::subject_key(&text))).add(subject.clone().eq(text));
            plan.add(self.few(found, context), weight(BEGINNING));
        }
        if let Some(texts) = is_in {
            let beginnings: Vec<String> = texts.iter().map(|text| sort_key::subject_key(text)).collect();
            let among = weight(BEGINNING + texts.len() as u64 / TEXTS);
            let found = Condition::all().add(self.dialect.one_of_texts(beginning(), beginnings)).add(one_of(texts));
            plan.add(self.few(found, context), among);
        }
        if let Some(text) = starts_with {
            let long = text.chars().nth(FEW_BEGIN_WITH - 1).is_some();
            // It is compared with both ends of a range.
            let both = weight(2 * BEGINNING + text.len() as u64 / STARTS_WITH_BYTES);
            let found = starts(text);
            plan.add(if long { self.few(found, context) } else { found }, both);
        }
        if let Some(text) = neq {
            plan.add(or_empty(subject.clone().ne(text)), 0);
        }
        if let Some(texts) = not_in {
            let among = texts.len() as u64 / TEXTS;
            plan.add(or_empty(one_of(texts).not()), among);
        }
        if let Some(empty) = is_null {
            plan.add(is_empty(&subject, empty), 0);
        }
        if let Some(text) = contains {
            let weight = CONTAINS + text.len() as u64 / BYTES;
            plan.add(self.contains(text), weight);
        }
        Ok(())
    }

    /// Makes the database evaluate first a condition that few notes match. Without statistics, it would scan the
    /// company's notes in the order of the list until it has found enough.
    fn few(&self, condition: Condition, context: FilterContext<'_>) -> Condition {
        if self.dialect.has_statistics() || !context.required {
            return condition;
        }
        let few = Query::select()
            .column((note::Entity, note::Column::Id))
            .from(note::Entity)
            .and_where(note::Column::CompanyId.eq(self.access.company_id))
            .cond_where(condition)
            .take();
        Condition::all().add(Expr::col((note::Entity, note::Column::Id)).in_subquery(few))
    }

    fn contains(&self, text: String) -> Expr {
        self.dialect.position(Expr::col((note::Entity, note::Column::SubjectFolded)), text).gt(0)
    }
}

/// A prefix match as a range, since a pattern would use no index. A text longer than the indexed beginning is compared
/// with the subject as well.
fn starts(text: String) -> Condition {
    let (from, more) = (sort_key::subject_key(&text), sort_key::subject_prefix(&text).len() < text.len());
    let range = Condition::all().add(beginning().lt(following(&from))).add(beginning().gte(from));
    if !more {
        return range;
    }
    let length = i32::try_from(text.chars().count()).unwrap_or(i32::MAX);
    let start = Func::cust("substr").arg(Expr::col((note::Entity, note::Column::SubjectFolded))).arg(1).arg(length);
    range.add(Expr::from(start).eq(text))
}

fn beginning() -> Expr {
    sort_key::subject(NullOrder::High)
}

/// The smallest text, by code points, that is greater than all texts with this prefix. The prefix begins with a dot.
fn following(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    while let Some(last) = characters.pop() {
        // There are no characters between U+D7FF and U+E000.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            characters.push(next);
            break;
        }
    }
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_bound_of_a_prefix_is_exact() {
        for (text, next) in [
            (".", "/"),
            (".a", ".b"),
            (".\u{d7ff}", ".\u{e000}"),
            (".a\u{10ffff}", ".b"),
            (".\u{10ffff}\u{10ffff}", "/"),
            (".\u{7f}", ".\u{80}"),
            (".\u{ffff}", ".\u{10000}"),
        ] {
            assert_eq!(following(text), next);
            assert!(format!("{text}\u{10ffff}").as_str() < next, "{text}");
        }
    }
}
