use sea_orm::sea_query::{OrderedStatement, SelectStatement};

use super::{Cursor, Ordering, Page};
use crate::error::{Error, Result};

/// The largest page.
const MAX_SIZE: u64 = 100;
/// The page where no size is asked for.
const DEFAULT_SIZE: u64 = 20;
/// How far numbered pages reach: the database walks past every row before the page.
const MAX_ROWS_BY_NUMBER: u64 = 10_000;

/// The arguments of a list, as a client sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
    pub page: Option<i32>,
}

/// The part of a list that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    after: Option<Cursor>,
    before: Option<Cursor>,
    /// Rows in the page, at most.
    pub size: u64,
    backwards: bool,
    /// From 1, where the page is asked for by number.
    pub number: Option<u64>,
}

/// How much of a list was looked at for a page.
#[derive(Clone, Debug)]
pub enum LookedAt<T> {
    /// As much as the page takes.
    Enough,
    /// As much as one statement may look at: up to this record.
    UpTo(T),
}

impl PageArgs {
    /// # Errors
    /// INVALID where the arguments contradict each other or are out of bounds, `BAD_CURSOR` where a cursor is not of
    /// this order.
    pub fn window(&self, order: &Ordering) -> Result<Window> {
        if self.first.is_some() && self.last.is_some() {
            return Err(invalid("Ask for `first` or for `last`, not for both."));
        }
        if self.page.is_some() && (self.after.is_some() || self.before.is_some() || self.last.is_some()) {
            return Err(invalid(
                "`page` goes with `first` alone: walk by cursor (`after`, `before`) or jump by number, not both.",
            ));
        }
        let size = match (self.first, self.last) {
            (Some(first), _) => size("first", first)?,
            (None, Some(last)) => size("last", last)?,
            (None, None) => DEFAULT_SIZE,
        };
        let number = self.page.map(|page| number(page, size)).transpose()?;
        let cursor = |text: &Option<String>| {
            let Some(text) = text.as_deref() else { return Ok(None) };
            let cursor = Cursor::decode(text, &order.name, order.terms.len())?;
            if !order.fits(&cursor) {
                return Err(Error::BadCursor("No list has such a cursor; pass one that a page gave.".to_owned()));
            }
            Ok(Some(cursor))
        };
        Ok(Window {
            after: cursor(&self.after)?,
            before: cursor(&self.before)?,
            size,
            backwards: self.last.is_some(),
            number,
        })
    }
}

fn size(argument: &str, value: i32) -> Result<u64> {
    u64::try_from(value)
        .ok()
        .filter(|size| (1..=MAX_SIZE).contains(size))
        .ok_or_else(|| Error::Invalid(format!("`{argument}` is {value}; a page holds 1 to {MAX_SIZE}.")))
}

fn number(page: i32, size: u64) -> Result<u64> {
    let number = u64::try_from(page)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| Error::Invalid(format!("`page` is {page}; pages are numbered from 1.")))?;
    if number.saturating_mul(size) > MAX_ROWS_BY_NUMBER {
        return Err(Error::Invalid(format!(
            "`page` times the size of a page is at most {MAX_ROWS_BY_NUMBER}; go on from there by cursor."
        )));
    }
    Ok(number)
}

fn invalid(message: &str) -> Error {
    Error::Invalid(message.to_owned())
}

impl Window {
    /// Narrows a statement to this part of its list, and one row more, which tells whether there is more.
    pub fn apply(&self, select: &mut SelectStatement, order: &Ordering) {
        self.cut(select, order);
        self.sort(select, order);
        self.limit(select);
    }

    /// Narrows a statement that is sorted, and that lies between the cursors, to the rows of the page and one more.
    pub fn limit(&self, select: &mut SelectStatement) {
        select.limit(self.size + 1);
        if let Some(number) = self.number.filter(|number| *number > 1) {
            select.offset((number - 1) * self.size);
        }
    }

    /// Narrows a statement to what lies between the cursors.
    pub fn cut(&self, select: &mut SelectStatement, order: &Ordering) {
        if let Some(cursor) = &self.after {
            select.cond_where(order.beyond(cursor, false));
        }
        if let Some(cursor) = &self.before {
            select.cond_where(order.beyond(cursor, true));
        }
    }

    /// How many rows of the list are skipped, and how many are read after these, one more than there are in a page.
    pub fn rows(&self) -> (u64, u64) {
        (self.number.map_or(0, |number| (number - 1) * self.size), self.size + 1)
    }

    /// Sorts as [`Window::page`] wants to have the rows.
    pub fn sort(&self, rows: &mut impl OrderedStatement, order: &Ordering) {
        order.sort(rows, self.backwards);
    }

    /// Whether rows that such a statement found are more than a page.
    pub fn is_full<T>(&self, rows: &[T]) -> bool {
        rows.len() as u64 > self.size
    }

    /// The page made of the rows that such a statement found.
    pub fn page<T>(&self, mut rows: Vec<T>, looked_at: LookedAt<T>) -> Page<T> {
        let mut more = self.is_full(&rows);
        if more {
            rows.pop();
        }
        let goes_on = match looked_at {
            LookedAt::UpTo(place) if !more => Some(place),
            _ => None,
        };
        more |= goes_on.is_some();
        // The record that a cursor was taken from stands on its side of the page, whichever way the page is walked.
        let (precedes, follows) = (self.after.is_some(), self.before.is_some());
        if self.backwards {
            rows.reverse();
            Page { rows, has_next: follows, has_previous: more || precedes, end: None, start: goes_on }
        } else {
            let has_previous = precedes || self.number.is_some_and(|number| number > 1);
            Page { rows, has_next: more || follows, has_previous, end: goes_on, start: None }
        }
    }

    /// The positions of the page, both included, in a list of `count` records that are numbered from 1 and cursors
    /// that hold the number alone. Empty where the first is greater than the second.
    pub fn range(&self, count: i64, ascending: bool) -> (i64, i64) {
        let position = |cursor: &Option<Cursor>| cursor.as_ref().and_then(|cursor| cursor.0.first()?.integer());
        let (lower, upper) = (position(&self.after), position(&self.before));
        let (lower, upper) = if ascending { (lower, upper) } else { (upper, lower) };
        let low = lower.map_or(1, |position| position.saturating_add(1).clamp(1, count + 1));
        let high = upper.map_or(count, |position| position.saturating_sub(1).clamp(0, count));
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        // Forwards in the order of the numbers, or backwards against it, the page begins at the low end.
        if ascending == self.backwards { (low.max(high - size + 1), high) } else { (low, high.min(low + size - 1)) }
    }
}
