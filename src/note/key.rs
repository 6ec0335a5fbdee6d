//! What may be empty in a note, as values that are never empty: one comparison orders and cuts a list, by an index, and
//! the same way on both databases, which place what is empty each in its own way.
//!
//! Each of these expressions has an index in the migrations, which is used only where it is written in the same words.

use sea_orm::sea_query::{Expr, Func};

use crate::entity::note;
use crate::page::{Place, time};

/// Where what is empty stands among the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    Low,
    High,
}

/// How many characters of a subject are compared, as an index of `PostgreSQL` holds no more than a third of a page.
const SUBJECT: usize = 100;

/// The reminder; what is none is before or after all times. On `SQLite`, where times are texts that begin with a
/// digit, these two words are as well.
pub fn reminder(nothing: Nothing) -> Expr {
    let column = Expr::col((note::Entity, note::Column::Reminder));
    Expr::from(Func::coalesce([column, no_reminder(nothing)]))
}

fn no_reminder(nothing: Nothing) -> Expr {
    Expr::cust(match nothing {
        Nothing::Low => "'-infinity'",
        Nothing::High => "'infinity'",
    })
}

/// The value of [`reminder`] that a cursor holds.
pub fn reminder_at(place: &Place, nothing: Nothing) -> Option<Expr> {
    if *place == Place::Nothing { Some(no_reminder(nothing)) } else { time(place) }
}

/// The beginning of the subject, folded, behind a point: what is none is then before or after all texts, the empty one
/// too.
pub fn subject(nothing: Nothing) -> Expr {
    // In the words of the index; the table has its name in every statement.
    Expr::cust(match nothing {
        Nothing::Low => r#"coalesce('.' || substr("note"."subject_folded", 1, 100), '')"#,
        Nothing::High => r#"coalesce('.' || substr("note"."subject_folded", 1, 100), '/')"#,
    })
}

/// The value of [`subject`] that a cursor holds.
pub fn subject_at(place: &Place, nothing: Nothing) -> Option<Expr> {
    match (place, nothing) {
        (Place::Nothing, Nothing::Low) => Some(Expr::cust("''")),
        (Place::Nothing, Nothing::High) => Some(Expr::cust("'/'")),
        // No subject is longer than what is compared of it, or holds what PostgreSQL does not take.
        (Place::Text(text), _) if cut(text) == text && !text.contains('\0') => Some(Expr::val(point(text))),
        _ => None,
    }
}

/// A text as [`subject`] has it.
pub fn point(folded: &str) -> String {
    format!(".{}", cut(folded))
}

/// What is compared of a folded subject.
pub fn cut(folded: &str) -> &str {
    folded.char_indices().nth(SUBJECT).map_or(folded, |(end, _)| &folded[..end])
}
