//! Counts of a whole list, loaded only when they are selected.

use async_graphql::Enum;

use super::Window;
use crate::engine::{Asked, Def, Question, ask, leaf_enum};

/// The precision of a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum CountPrecision {
    /// All records were counted.
    #[default]
    Exact,
    /// Counting stopped at its limit: there are at least as many records.
    AtLeast,
}
leaf_enum!(CountPrecision);

/// The number of records in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub count: u64,
    pub precision: CountPrecision,
}

impl Total {
    /// The count among `looked_at` examined records. The limit is `most` records; one more is examined to show that
    /// there are more.
    pub fn of(count: u64, looked_at: u64, most: u64) -> Self {
        let precision = if looked_at > most { CountPrecision::AtLeast } else { CountPrecision::Exact };
        Self { count, precision }
    }

    /// The count when each examined record counts.
    pub fn of_all(count: u64, most: u64) -> Self {
        Self::of(count.min(most), count, most)
    }
}

/// A field with the number of records in the list of a connection.
pub fn total_count<R, Q>(list: impl Fn(&R) -> Q::Key + Send + Sync + 'static) -> Def
where
    R: 'static,
    Q: Question<Answer = Total>,
{
    ask::<R, (), Q, (), Asked<u64>>(
        move |row, (), _| Ok((Some(list(row)), ())),
        |(), total| Ok(Asked(total.unwrap_or_default().count)),
    )
}

/// A field with the precision of that number.
pub fn total_count_precision<R, Q>(list: impl Fn(&R) -> Q::Key + Send + Sync + 'static) -> Def
where
    R: 'static,
    Q: Question<Answer = Total>,
{
    ask::<R, (), Q, (), Asked<CountPrecision>>(
        move |row, (), _| Ok((Some(list(row)), ())),
        |(), total| Ok(Asked(total.unwrap_or_default().precision)),
    )
}

/// A field with the number of pages, when paging by number.
pub fn page_count<R, Q>(
    list: impl Fn(&R) -> Q::Key + Send + Sync + 'static,
    window: impl Fn(&R) -> &Window + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    Q: Question<Answer = Total>,
{
    ask::<R, (), Q, Option<u64>, Asked<Option<u64>>>(
        move |row, (), _| {
            let window = window(row);
            let size = window.number.map(|_| window.size);
            Ok((size.map(|_| list(row)), size))
        },
        |size, total| Ok(Asked(size.map(|size| total.unwrap_or_default().count.div_ceil(size)))),
    )
}
