//! Pages of a list: by cursor, forwards or backwards, or by number.

use breadth::{field, field_ref, object};

mod by_id;
mod count;
mod cursor;
mod page_request;
mod sort_order;

pub use by_id::{FilteredRecords, ListById};
pub use count::{CountPrecision, Total, page_count, total_count, total_count_precision};
pub use cursor::{Cursor, CursorValue};
pub use page_request::{PageArgs, PageRequest, ScanExtent, page_size};
pub use sort_order::{Direction, SortKey, SortOrder, time};

/// The GraphQL object of a page's position.
#[derive(Clone, Debug, Default)]
pub struct PageInfo {
    pub has_next_page: bool,
    pub has_previous_page: bool,
    pub start_cursor: Option<String>,
    pub end_cursor: Option<String>,
}

object! {
    /// The position of a page in its list.
    PageInfo {
        /// Whether there are more records after this page. Without `before`, this is determined from the list; with it,
        /// it is true, because the record that the cursor was taken from follows.
        has_next_page = field(|info: &PageInfo| info.has_next_page);
        /// Whether there are more records before this page. With `last`, this is determined from the list; with
        /// `after`, it is true, because the record that the cursor was taken from precedes.
        has_previous_page = field(|info: &PageInfo| info.has_previous_page);
        /// The cursor of the first edge: pass it as `before` to page backwards. If a backwards search stopped at its
        /// limit before the page was full, it is the cursor of the last examined record, and the page may be empty.
        start_cursor = field_ref(|info: &PageInfo| &info.start_cursor);
        /// The cursor of the last edge: pass it as `after` to page forwards. If the search stopped at its limit before
        /// the page was full, it is the cursor of the last examined record, and the page may be empty.
        end_cursor = field_ref(|info: &PageInfo| &info.end_cursor);
    }
}

/// The rows of one page, in the order of the list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub has_next: bool,
    pub has_previous: bool,
    /// The position where the list continues, if the search stopped elsewhere than after the last row or before the
    /// first.
    pub end: Option<T>,
    pub start: Option<T>,
}

impl<T> Page<T> {
    pub fn info(&self, cursor: impl Fn(&T) -> String) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.start.as_ref().or(self.rows.first()).map(&cursor),
            end_cursor: self.end.as_ref().or(self.rows.last()).map(&cursor),
        }
    }
}
