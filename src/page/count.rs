//! Counts of a whole list, asked for only when they are selected.

use async_graphql::Enum;

use super::Window;
use crate::engine::{Asked, Def, Question, ask, leaf_enum};

/// How exact a count is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum CountPrecision {
    /// All were counted.
    #[default]
    Exact,
    /// Counting stopped at its bound: there are at least so many.
    AtLeast,
}
leaf_enum!(CountPrecision);

/// How many records a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub count: u64,
    pub precision: CountPrecision,
}

impl Total {
    /// What was counted of `looked_at` records, where at most `most` are looked at; and, to tell that there are more, one
    /// more.
    pub fn of(count: u64, looked_at: u64, most: u64) -> Self {
        let precision = if looked_at > most { CountPrecision::AtLeast } else { CountPrecision::Exact };
        Self { count, precision }
    }

    /// The count of records each of which counts.
    pub fn of_all(count: u64, most: u64) -> Self {
        Self::of(count.min(most), count, most)
    }
}

/// How many records the list of a connection has.
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

/// How exact that is.
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

/// How many pages they make, when paging by number.
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
