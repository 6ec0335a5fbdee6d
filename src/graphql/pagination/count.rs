//! Counts of a whole list, loaded only when they are selected.

use async_graphql::Enum;
use breadth::{FieldDefinition, LoadedScalar, Loader, leaf_enum, relation_with_args};

use super::PageRequest;

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
pub fn total_count<R, L>(list: impl Fn(&R) -> L::Key + Send + Sync + 'static) -> FieldDefinition
where
    R: 'static,
    L: Loader<Value = Total>,
{
    relation_with_args::<R, (), L, (), LoadedScalar<u64>>(
        move |row, (), _| Ok((Some(list(row)), ())),
        |(), total| Ok(LoadedScalar(total.unwrap_or_default().count)),
    )
}

/// A field with the precision of that number.
pub fn total_count_precision<R, L>(list: impl Fn(&R) -> L::Key + Send + Sync + 'static) -> FieldDefinition
where
    R: 'static,
    L: Loader<Value = Total>,
{
    relation_with_args::<R, (), L, (), LoadedScalar<CountPrecision>>(
        move |row, (), _| Ok((Some(list(row)), ())),
        |(), total| Ok(LoadedScalar(total.unwrap_or_default().precision)),
    )
}

/// A field with the number of pages, when paging by number.
pub fn page_count<R, L>(
    list: impl Fn(&R) -> L::Key + Send + Sync + 'static,
    request: impl Fn(&R) -> &PageRequest + Send + Sync + 'static,
) -> FieldDefinition
where
    R: 'static,
    L: Loader<Value = Total>,
{
    relation_with_args::<R, (), L, Option<u64>, LoadedScalar<Option<u64>>>(
        move |row, (), _| {
            let request = request(row);
            let size = request.number.map(|_| request.size);
            Ok((size.map(|_| list(row)), size))
        },
        |size, total| Ok(LoadedScalar(size.map(|size| total.unwrap_or_default().count.div_ceil(size)))),
    )
}
