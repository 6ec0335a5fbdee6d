//! Searching a list by looking at its notes one by one, in its order.
//!
//! Common words are found in a moment so, where the index would give hundreds of thousands of notes to be sorted; for
//! rare ones it is a small price.

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{Condition, DatabaseBackend, QueryTrait};

use super::candidates::Candidates;
use super::load::NOTE;
use super::order::{NoteOrdering, Placed};
use crate::context::Reader;
use crate::db::Queries;
use crate::entity::note;
use crate::error::Result;
use crate::page::{LookedAt, Window};

/// The second time so many times as many notes are looked at, at most: asking the index for two common words takes about
/// as long.
const AGAIN: u64 = 10;

/// A list that is searched.
#[derive(Clone, Copy)]
pub struct Walk<'l> {
    pub reader: &'l Reader,
    pub candidates: &'l Candidates,
    pub window: &'l Window,
    pub ordering: &'l NoteOrdering,
}

/// What was found of some notes.
struct Found {
    rows: Vec<Placed>,
    /// There may be more, in notes that were not looked at.
    has_more: bool,
}

impl Walk<'_> {
    /// The rows of the page, where enough of the first notes of the list match, or the list has no more. Where some of
    /// the first do, the list is walked once more, as far as they promise to fill the page.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(self) -> Result<Option<Vec<Placed>>> {
        let (skipped, needed) = (self.window.rows().0, self.needed());
        let bound = self.candidates.most();
        let most = Ord::min(self.reader.limits.looked_at, bound);
        if needed > most {
            return Ok(None);
        }
        let is_page = |found: &Found| found.rows.len() as u64 == needed || !found.has_more;
        let mut found = self.look(most).await?;
        if !is_page(&found) && !found.rows.is_empty() {
            // Half as many again as it takes where they go on to come like this.
            let promised = (most * needed).div_ceil(found.rows.len() as u64) * 3 / 2;
            if promised <= Ord::min(most * AGAIN, bound) {
                found = self.look(promised).await?;
            }
        }
        let start = found.rows.len().min(usize::try_from(skipped).unwrap_or(usize::MAX));
        Ok(is_page(&found).then(|| found.rows.split_off(start)))
    }

    /// The rows of the page, of those that fit among as many candidates as one statement looks at; and where it stopped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bounded(self) -> Result<(Vec<Placed>, LookedAt<Placed>)> {
        let Self { reader, candidates, window, ordering } = self;
        let most = candidates.most();
        let mut first = candidates.notes.clone().into_query();
        window.cut(&mut first, &ordering.ordering);
        window.sort(&mut first, &ordering.ordering);
        let mut page = candidates.fitting(first.clone().limit(most).take());
        if reader.db.backend() == DatabaseBackend::Postgres {
            window.sort(&mut page, &ordering.ordering);
        }
        window.limit(&mut page);
        let rows = self.rows(page).await?;
        if window.is_full(&rows) {
            return Ok((rows, LookedAt::Enough));
        }
        first.clear_selects().limit(1).offset(most - 1);
        let end = self.rows(first).await?.pop();
        Ok((rows, end.map_or(LookedAt::Enough, LookedAt::UpTo)))
    }

    /// The notes that a statement finds, which selects nothing yet.
    async fn rows(self, mut notes: SelectStatement) -> Result<Vec<Placed>> {
        let columns = self.reader.columns(&NOTE).and(self.ordering.columns());
        columns.select(&mut notes);
        let rows = self.reader.db.read().rows(&notes).await?;
        rows.into_iter().map(|row| Ok(Placed::from(columns.read(&row, 0)?))).collect()
    }

    /// So many matches make a page, with those before it.
    fn needed(self) -> u64 {
        let (skipped, size) = self.window.rows();
        skipped + size
    }

    /// As many matches as are needed, of the first `most` notes.
    async fn look(self, most: u64) -> Result<Found> {
        let Self { reader, candidates, window, ordering } = self;
        let fits = || candidates.condition.as_ref().map_or_else(|| Expr::val(true), |(fits, _)| fits.clone().into());
        let mut first = candidates.notes.clone().into_query();
        window.apply(&mut first, &ordering.ordering);
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
            // The last one, whether it matches or not, shows that there may be more.
            .cond_where(Condition::any().add(fits()).add(is_last()))
            .limit(self.needed());
        if reader.db.backend() == DatabaseBackend::Postgres {
            // It knows that they are sorted. SQLite, which hands them on as they come, would look at all of them to sort.
            window.sort(&mut found, &ordering.ordering);
        }
        let columns = reader.columns(&NOTE).and(ordering.columns());
        columns.select(&mut found);
        let (mut rows, mut has_more) = (Vec::new(), false);
        for row in reader.db.read().rows(&found).await? {
            // A note whose words are being made has none yet, and matches nothing.
            if row.get::<Option<bool>>(0)? == Some(true) {
                rows.push(Placed::from(columns.read(&row, 2)?));
            }
            has_more |= row.get::<bool>(1)?;
        }
        Ok(Found { rows, has_more })
    }
}
