//! Searches a list by checking its notes one by one, in the order of the list.
//!
//! Common words are found quickly this way, where the index would return hundreds of thousands of notes to sort; for
//! rare words it costs little.

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{Condition, QueryTrait};

use super::candidates::CandidateQuery;
use super::order::{NoteSortOrder, RankedNote};
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::graphql::pagination::{PageRequest, ScanExtent};
use crate::store::db::RowQueries;
use crate::store::entity::note;

/// The second scan examines at most this many times as many notes: looking up two common words in the index takes about
/// as long.
const AGAIN: u64 = 10;

/// A list to search.
#[derive(Clone, Copy)]
pub struct ScanPage<'l> {
    pub reader: &'l DataSource,
    pub candidates: &'l CandidateQuery,
    pub request: &'l PageRequest,
    pub ordering: &'l NoteSortOrder,
}

/// The matches among the examined notes.
struct Found {
    rows: Vec<RankedNote>,
    /// There may be more matches, in notes that were not examined.
    has_more: bool,
}

impl ScanPage<'_> {
    /// The rows of the page, if enough of the first notes of the list match, or if the list has no more notes. If some
    /// of the first notes match, but too few, scans the list once more, as far as the share of matches promises to fill
    /// the page.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(self) -> Result<Option<Vec<RankedNote>>> {
        let (skipped, needed) = (self.request.rows().0, self.needed());
        let bound = self.candidates.most();
        let most = Ord::min(self.reader.limits.looked_at, bound);
        if needed > most {
            return Ok(None);
        }
        let is_page = |found: &Found| found.rows.len() as u64 == needed || !found.has_more;
        let mut found = self.look(most).await?;
        if !is_page(&found) && !found.rows.is_empty() {
            // One and a half times as many notes as it takes if matches go on at this rate.
            let promised = (most * needed).div_ceil(found.rows.len() as u64) * 3 / 2;
            if promised <= Ord::min(most * AGAIN, bound) {
                found = self.look(promised).await?;
            }
        }
        let start = found.rows.len().min(usize::try_from(skipped).unwrap_or(usize::MAX));
        Ok(is_page(&found).then(|| found.rows.split_off(start)))
    }

    /// The rows of the page, from the matches among as many candidates as one statement examines; and where it stopped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bounded(self) -> Result<(Vec<RankedNote>, ScanExtent<RankedNote>)> {
        let Self { reader, candidates, request, ordering } = self;
        let most = candidates.most();
        let mut first = candidates.notes.clone().into_query();
        request.apply_cursors(&mut first, &ordering.ordering);
        request.sort(&mut first, &ordering.ordering);
        let mut page = candidates.fitting(first.clone().limit(most).take());
        if !reader.db.dialect().keeps_subquery_order() {
            request.sort(&mut page, &ordering.ordering);
        }
        request.limit(&mut page);
        let rows = self.rows(page).await?;
        if request.is_full(&rows) {
            return Ok((rows, ScanExtent::Complete));
        }
        first.clear_selects().limit(1).offset(most - 1);
        let end = self.rows(first).await?.pop();
        Ok((rows, end.map_or(ScanExtent::Complete, ScanExtent::UpTo)))
    }

    /// Loads the notes that a statement finds; the statement selects no columns yet.
    async fn rows(self, mut notes: SelectStatement) -> Result<Vec<RankedNote>> {
        let columns = self.reader.columns::<note::Entity>().and(self.ordering.columns());
        columns.select(&mut notes);
        let rows = self.reader.db.read().rows(&notes).await?;
        rows.into_iter().map(|row| Ok(RankedNote::from(columns.read(&row, 0)?))).collect()
    }

    /// The number of matches that fill the page, with those skipped before it.
    fn needed(self) -> u64 {
        let (skipped, size) = self.request.rows();
        skipped + size
    }

    /// Finds up to the needed number of matches among the first `most` notes.
    async fn look(self, most: u64) -> Result<Found> {
        let Self { reader, candidates, request, ordering } = self;
        let fits = || candidates.condition.as_ref().map_or_else(|| Expr::val(true), |(fits, _)| fits.clone().into());
        let mut first = candidates.notes.clone().into_query();
        request.apply(&mut first, &ordering.ordering);
        first.reset_limit().reset_offset();
        let mut last = first.clone();
        last.clear_selects().column((note::Entity, note::Column::Id)).limit(1).offset(most - 1);
        let is_last = || Expr::col(("last", "id")).is_not_null();
        let mut found = Query::select();
        found
            .exprs([fits(), is_last()])
            .from_subquery(first.limit(most).take(), note::Entity)
            .join_subquery(
                JoinType::LeftJoin,
                last,
                "last",
                Condition::all().add(Expr::col(("last", "id")).equals((note::Entity, note::Column::Id))),
            )
            // The last note, whether it matches or not, shows that there may be more.
            .cond_where(Condition::any().add(fits()).add(is_last()))
            .limit(self.needed());
        if !reader.db.dialect().keeps_subquery_order() {
            request.sort(&mut found, &ordering.ordering);
        }
        let columns = reader.columns::<note::Entity>().and(ordering.columns());
        columns.select(&mut found);
        let (mut rows, mut has_more) = (Vec::new(), false);
        for row in reader.db.read().rows(&found).await? {
            // A note whose words are not indexed yet has null here, and does not match.
            if row.get::<Option<bool>>(0)? == Some(true) {
                rows.push(RankedNote::from(columns.read(&row, 2)?));
            }
            has_more |= row.get::<bool>(1)?;
        }
        Ok(Found { rows, has_more })
    }
}
