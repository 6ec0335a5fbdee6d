//! Non-null sort keys for nullable columns, so that one indexed comparison orders and pages alike on both databases,
//! which place nulls differently.
//!
//! Each of these expressions has an index in the migrations, which is used only if the expression is written in the
//! same words.

use sea_orm::sea_query::{Expr, Func};

use crate::graphql::pagination::{CursorValue, time};
use crate::store::entity::note;

/// The position of nulls among the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullOrder {
    Low,
    High,
}

/// How many characters of a subject are compared, because an index of `PostgreSQL` holds no more than a third of a page
/// per entry.
const SUBJECT: usize = 100;

/// The reminder, where a null sorts before or after all times. On `SQLite`, where times are texts that begin with a
/// digit, these two words sort so as well.
pub fn reminder(nulls: NullOrder) -> Expr {
    let column = Expr::col((note::Entity, note::Column::Reminder));
    Expr::from(Func::coalesce([column, no_reminder(nulls)]))
}

fn no_reminder(nulls: NullOrder) -> Expr {
    Expr::cust(match nulls {
        NullOrder::Low => "'-infinity'",
        NullOrder::High => "'infinity'",
    })
}

/// The value of [`reminder`] that a cursor holds.
pub fn reminder_at(place: &CursorValue, nulls: NullOrder) -> Option<Expr> {
    if *place == CursorValue::Null { Some(no_reminder(nulls)) } else { time(place) }
}

/// The beginning of the casefolded subject, after a dot: so a null sorts before or after all texts, even the empty one.
pub fn subject(nulls: NullOrder) -> Expr {
    // Written as in the index; the table has its own name in every statement.
    Expr::cust(match nulls {
        NullOrder::Low => r#"coalesce('.' || substr("note"."subject_folded", 1, 100), '')"#,
        NullOrder::High => r#"coalesce('.' || substr("note"."subject_folded", 1, 100), '/')"#,
    })
}

/// The value of [`subject`] that a cursor holds.
pub fn subject_at(place: &CursorValue, nulls: NullOrder) -> Option<Expr> {
    match (place, nulls) {
        (CursorValue::Null, NullOrder::Low) => Some(Expr::cust("''")),
        (CursorValue::Null, NullOrder::High) => Some(Expr::cust("'/'")),
        // A key is never longer than the compared part, and contains no NUL, which PostgreSQL does not accept.
        (CursorValue::Text(text), _) if subject_prefix(text) == text && !text.contains('\0') => {
            Some(Expr::val(subject_key(text)))
        }
        _ => None,
    }
}

/// The key of a text, in the form of [`subject`].
pub fn subject_key(folded: &str) -> String {
    format!(".{}", subject_prefix(folded))
}

/// The part of a casefolded subject that is compared.
pub fn subject_prefix(folded: &str) -> &str {
    folded.char_indices().nth(SUBJECT).map_or(folded, |(end, _)| &folded[..end])
}
