//! Counts of a whole list, asked for only when they are selected.

use super::Window;
use crate::engine::{Asked, Def, Question, ask};

/// How many records the list of a connection has.
pub fn total_count<R, Q>(list: impl Fn(&R) -> Q::Key + Send + Sync + 'static) -> Def
where
    R: 'static,
    Q: Question<Answer = u64>,
{
    ask::<R, (), Q, (), Asked<u64>>(
        move |row, (), _| Ok((Some(list(row)), ())),
        |(), total| Ok(Asked(total.unwrap_or_default())),
    )
}

/// How many pages they make, when paging by number.
pub fn page_count<R, Q>(
    list: impl Fn(&R) -> Q::Key + Send + Sync + 'static,
    window: impl Fn(&R) -> &Window + Send + Sync + 'static,
) -> Def
where
    R: 'static,
    Q: Question<Answer = u64>,
{
    ask::<R, (), Q, Option<u64>, Asked<Option<u64>>>(
        move |row, (), _| {
            let window = window(row);
            let size = window.number.map(|_| window.size);
            Ok((size.map(|_| list(row)), size))
        },
        |size, total| Ok(Asked(size.map(|size| total.unwrap_or_default().div_ceil(size)))),
    )
}
