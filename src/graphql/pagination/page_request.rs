use sea_orm::sea_query::{OrderedStatement, SelectStatement};

use super::{Cursor, Page, SortOrder};
use crate::error::{Error, Result};

/// Maximum page size.
const MAX_SIZE: u64 = 100;
/// The default page size.
const DEFAULT_SIZE: u64 = 20;
/// How many rows numbered pages can reach: the database scans every row before the page.
const MAX_ROWS_BY_NUMBER: u64 = 10_000;

/// The paging arguments of a list, as the client sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
    pub page: Option<i32>,
}

/// The requested part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    after: Option<Cursor>,
    before: Option<Cursor>,
    /// Maximum number of rows in the page.
    pub size: u64,
    backwards: bool,
    /// The number of the page, from 1, if the page is requested by number.
    pub number: Option<u64>,
}

/// How far a list was examined for a page.
#[derive(Clone, Debug)]
pub enum ScanExtent<T> {
    /// As far as the page requires.
    Complete,
    /// As far as one statement may examine it: up to this record.
    UpTo(T),
}

impl PageArgs {
    /// # Errors
    /// INVALID if the arguments contradict each other or are out of bounds, `BAD_CURSOR` if a cursor does not belong to
    /// this order.
    pub fn request(&self, order: &SortOrder) -> Result<PageRequest> {
        self.request_by(|text| {
            let cursor = Cursor::decode(text, &order.name, order.keys.len())?;
            if !order.fits(&cursor) {
                return Err(Error::BadCursor("No list has such a cursor; use one that a page returned.".to_owned()));
            }
            Ok(cursor)
        })
    }

    /// Like [`Self::request`], for a list that decodes its cursors itself.
    ///
    /// # Errors
    /// INVALID, or those of `decode`.
    pub fn request_by(&self, decode: impl Fn(&str) -> Result<Cursor>) -> Result<PageRequest> {
        if self.first.is_some() && self.last.is_some() {
            return Err(invalid("Use either `first` or `last`, not both."));
        }
        if self.page.is_some() && (self.after.is_some() || self.before.is_some() || self.last.is_some()) {
            return Err(invalid(
                "`page` can be combined with `first` only; use either cursors (`after`, `before`) or page numbers.",
            ));
        }
        let size = match (self.first, self.last) {
            (Some(first), _) => size("first", first)?,
            (None, Some(last)) => size("last", last)?,
            (None, None) => DEFAULT_SIZE,
        };
        let number = self.page.map(|page| number(page, size)).transpose()?;
        let cursor = |text: &Option<String>| text.as_deref().map(&decode).transpose();
        Ok(PageRequest {
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
        .ok_or_else(|| Error::Invalid(format!("`{argument}` is {value}; a page has 1 to {MAX_SIZE} rows.")))
}

/// The page size of a list that pages in one direction only.
///
/// # Errors
/// INVALID if it is out of bounds.
pub fn page_size(argument: &str, value: Option<i32>) -> Result<u64> {
    value.map_or(Ok(DEFAULT_SIZE), |value| size(argument, value))
}

fn number(page: i32, size: u64) -> Result<u64> {
    let number = u64::try_from(page)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| Error::Invalid(format!("`page` is {page}; pages are numbered from 1.")))?;
    if number.saturating_mul(size) > MAX_ROWS_BY_NUMBER {
        return Err(Error::Invalid(format!(
            "`page` times the page size must be at most {MAX_ROWS_BY_NUMBER}; use cursors beyond that."
        )));
    }
    Ok(number)
}

fn invalid(message: &str) -> Error {
    Error::Invalid(message.to_owned())
}

impl PageRequest {
    /// Restricts a statement to this part of its list, and one row more, which shows whether there are more rows.
    pub fn apply(&self, select: &mut SelectStatement, order: &SortOrder) {
        self.apply_cursors(select, order);
        self.sort(select, order);
        self.limit(select);
    }

    /// Limits a statement that is sorted, and restricted to the range between the cursors, to the rows of the page and
    /// one more.
    pub fn limit(&self, select: &mut SelectStatement) {
        select.limit(self.size + 1);
        if let Some(number) = self.number.filter(|number| *number > 1) {
            select.offset((number - 1) * self.size);
        }
    }

    /// Restricts a statement to the range between the cursors.
    pub fn apply_cursors(&self, select: &mut SelectStatement, order: &SortOrder) {
        if let Some(cursor) = &self.after {
            select.cond_where(order.seek(cursor, false));
        }
        if let Some(cursor) = &self.before {
            select.cond_where(order.seek(cursor, true));
        }
    }

    /// The number of rows to skip, and the number to read after them, which is one more than the page size.
    pub fn rows(&self) -> (u64, u64) {
        (self.number.map_or(0, |number| (number - 1) * self.size), self.size + 1)
    }

    /// Sorts the rows in the order that [`PageRequest::page`] expects.
    pub fn sort(&self, rows: &mut impl OrderedStatement, order: &SortOrder) {
        order.sort(rows, self.backwards);
    }

    /// Whether a statement restricted like this found more rows than fit in the page.
    pub fn is_full<T>(&self, rows: &[T]) -> bool {
        rows.len() as u64 > self.size
    }

    /// Builds the page from the rows that such a statement found.
    pub fn page<T>(&self, mut rows: Vec<T>, looked_at: ScanExtent<T>) -> Page<T> {
        let mut more = self.is_full(&rows);
        if more {
            rows.pop();
        }
        let goes_on = match looked_at {
            ScanExtent::UpTo(place) if !more => Some(place),
            _ => None,
        };
        more |= goes_on.is_some();
        // The record that a cursor was taken from is on that side of the page, in either paging direction.
        let (precedes, follows) = (self.after.is_some(), self.before.is_some());
        if self.backwards {
            rows.reverse();
            Page { rows, has_next: follows, has_previous: more || precedes, end: None, start: goes_on }
        } else {
            let has_previous = precedes || self.number.is_some_and(|number| number > 1);
            Page { rows, has_next: more || follows, has_previous, end: goes_on, start: None }
        }
    }

    /// The first and last position of the page, in a list of `count` records numbered from 1, whose cursors hold only
    /// that number. The page is empty if the first is greater than the last.
    pub fn range(&self, count: i64, ascending: bool) -> (i64, i64) {
        let position = |cursor: &Option<Cursor>| cursor.as_ref().and_then(|cursor| cursor.0.first()?.integer());
        let (lower, upper) = (position(&self.after), position(&self.before));
        let (lower, upper) = if ascending { (lower, upper) } else { (upper, lower) };
        let low = lower.map_or(1, |position| position.saturating_add(1).clamp(1, count + 1));
        let high = upper.map_or(count, |position| position.saturating_sub(1).clamp(0, count));
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        // When paging forwards in ascending order, or backwards in descending order, the page begins at the low end.
        if ascending == self.backwards { (low.max(high - size + 1), high) } else { (low, high.min(low + size - 1)) }
    }
}
