//! Lists of notes: all that a viewer sees, or those of a customer, an author or an assignee.

use async_graphql::InputObject;
use hashbrown::HashMap;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, DatabaseBackend, QueryFilter, QueryTrait, Select};

use super::candidates::Candidates;
use super::filter::{NoteFilter, Split};
use super::load::NOTE;
use super::order::{NoteOrder, NoteOrdering, Placed};
use super::under::Under;
use super::walk::Walk;
use crate::context::Reader;
use crate::db::{Db, Queries, keys_table};
use crate::entity::{Sight, assignment, note};
use crate::error::{Error, Result};
use crate::page::{LookedAt, Page, PageArgs, Total, Window};
use crate::search::{Asked, Limits, Search, SharedSearch};

/// The arguments of a list of notes; the lists of many records with equal arguments are one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteListArgs {
    /// The conditions that the notes must match.
    pub filter: Option<NoteFilter>,
    /// Only notes that contain these words; see `Query.notes`.
    pub search: Option<String>,
    /// The fields to order by, at most 3; newest first when absent.
    pub order_by: Option<Vec<NoteOrder>>,
    /// The page size when paging forwards: 1 to 100, 20 when absent.
    pub first: Option<i32>,
    /// Only notes after this cursor.
    pub after: Option<String>,
    /// The page size when paging backwards: 1 to 100.
    pub last: Option<i32>,
    /// Only notes before this cursor.
    pub before: Option<String>,
    /// The number of the page, from 1, with `first` as the page size; cannot be combined with a cursor.
    pub page: Option<i32>,
}

/// How the notes of a list are related to the record that the list belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The notes about a customer.
    Customer,
    /// The notes that a user wrote.
    Author,
    /// The notes that a user is assigned to.
    Assignee,
}

/// A list, ready to be loaded from the database.
pub struct NoteList {
    /// The notes that the viewer sees and that match the cheap part of the filter.
    notes: Select<note::Entity>,
    /// The expensive part of the filter, and its weight.
    dear: Condition,
    weight: u64,
    limits: Limits,
    pub(super) sight: Sight,
    pub search: Option<SharedSearch>,
    pub ordering: NoteOrdering,
    pub window: Window,
}

impl NoteList {
    /// # Errors
    /// INVALID or `BAD_CURSOR` if the arguments are wrong.
    pub fn new(args: &NoteListArgs, reader: &Reader) -> Result<Self> {
        let (sight, backend) = (reader.sight, reader.db.backend());
        let NoteListArgs { filter, search: text, order_by, first, after, last, before, page } = args;
        let search = text.as_deref().map(Search::new).transpose()?.flatten().map(SharedSearch::new);
        let mut ordering = NoteOrdering::new(order_by.as_deref(), search.as_ref().and(text.as_deref()))?;
        let page = PageArgs { first: *first, after: after.clone(), last: *last, before: before.clone(), page: *page };
        let window = page.window(&ordering.ordering)?;
        let mut notes = sight.notes();
        let few = filter.as_ref().is_some_and(NoteFilter::names_few);
        ordering.ordering.sorted = backend == DatabaseBackend::Sqlite && few && !ordering.is_by_time();
        let Split { cheap, dear, weight } =
            filter.as_ref().map(|filter| filter.split(sight, backend)).transpose()?.unwrap_or_default();
        if !cheap.is_empty() {
            notes = notes.filter(cheap);
        }
        Ok(Self { notes, dear, weight, limits: reader.limits, sight, search, ordering, window })
    }

    /// The candidates, when each note of the list is checked.
    pub(super) fn each(&self, backend: DatabaseBackend) -> Candidates {
        let Some(search) = self.search.as_deref() else { return self.candidates(self.notes.clone(), None) };
        if search.is_vain() {
            return self.candidates(self.notes.clone().filter(Expr::val(false)), None);
        }
        let found = Asked { search, sight: self.sight, backend }.of_each();
        self.candidates(self.notes.clone(), Some(found))
    }

    /// The candidates that an index finds; all notes of the list, if no index answers the search.
    pub(super) fn found(&self, backend: DatabaseBackend) -> Candidates {
        let asked = self.search.as_deref().map(|search| Asked { search, sight: self.sight, backend });
        match asked.and_then(|asked| Some((asked.candidates()?, asked.confirmed()))) {
            Some((candidates, confirmed)) => Candidates {
                sorted: backend == DatabaseBackend::Sqlite,
                ..self.candidates(self.notes.clone().filter(candidates), Some(confirmed))
            },
            None => self.each(backend),
        }
    }

    fn candidates(&self, notes: Select<note::Entity>, found: Option<(Expr, u64)>) -> Candidates {
        let mut condition = self.dear.clone();
        let mut weight = self.weight;
        if let Some((found, more)) = found {
            condition = condition.add(found);
            weight += more;
        }
        let condition = (!condition.is_empty()).then_some((condition, weight));
        Candidates { notes, condition, sorted: false, limits: self.limits }
    }

    /// # Errors
    /// When the database fails.
    pub async fn page(mut self, reader: &Reader) -> Result<Page<Placed>> {
        if let Some(search) = self.by_relevance() {
            return self.best(reader, &search).await;
        }
        let backend = reader.db.backend();
        let each = self.each(backend);
        if each.condition.is_none() {
            let mut notes = each.notes;
            self.window.apply(QueryTrait::query(&mut notes), &self.ordering.ordering);
            let rows = reader.columns(&NOTE).and(self.ordering.columns()).all(notes, reader.db.read()).await?;
            return Ok(self.window.page(rows.into_iter().map(Placed::from).collect(), LookedAt::Enough));
        }
        let found = self.found(backend);
        if self.search.is_some() {
            let walk = Walk { reader, candidates: &each, window: &self.window, ordering: &self.ordering };
            if let Some(rows) = walk.page().await? {
                return Ok(self.window.page(rows, LookedAt::Enough));
            }
            self.ordering.ordering.sorted |= found.sorted;
        }
        let walk = Walk { reader, candidates: &found, window: &self.window, ordering: &self.ordering };
        let (rows, looked_at) = walk.bounded().await?;
        Ok(self.window.page(rows, looked_at))
    }

    /// # Errors
    /// When the database fails.
    pub async fn count(self, db: &Db) -> Result<Total> {
        let found = self.found(db.backend());
        let most = found.most();
        let mut counting = found.counting(found.newest(most + 1));
        counting.statement.exprs(counting.counts.clone());
        let row = db.read().row(&counting.statement).await?.ok_or_else(|| Error::missing("count", most))?;
        counting.total(&row, 0, most)
    }

    /// A page for each of many parents. A cheap list takes one statement for all parents; otherwise each chunk of
    /// parents takes one, and one more if some notes were not examined.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pages(
        mut self,
        reader: &Reader,
        whose: Whose,
        parents: Vec<i64>,
    ) -> Result<HashMap<i64, Page<Placed>>> {
        if let Some(search) = self.by_relevance() {
            return self.best_under(reader, &search, whose, parents).await;
        }
        self.ordering.ordering.sorted = reader.db.backend() == DatabaseBackend::Sqlite && !self.ordering.is_by_time();
        let each = self.each(reader.db.backend());
        let under = Under { reader, whose, sight: self.sight, window: &self.window, ordering: &self.ordering };
        if each.condition.is_none() {
            let rows = under.rows(&each, None, &parents).await?;
            return Ok(self.pages_of(rows, HashMap::new(), parents));
        }
        let mut pages = HashMap::with_capacity(parents.len());
        for some in parents.chunks(PARENTS) {
            let most = most_under(&each, some.len());
            let rows = under.rows(&each, Some(most), some).await?;
            let is_open = |parent: &i64| rows.get(parent).is_none_or(|rows| !self.window.is_full(rows));
            let open: Vec<i64> = some.iter().copied().filter(is_open).collect();
            let ends = if open.is_empty() { HashMap::new() } else { under.ends(&each, most, &open).await? };
            pages.extend(self.pages_of(rows, ends, some.to_vec()));
        }
        Ok(pages)
    }

    /// Builds a page for each parent from its rows, and from the note at which examining its notes stopped.
    pub(super) fn pages_of(
        &self,
        mut rows: HashMap<i64, Vec<Placed>>,
        mut ends: HashMap<i64, Vec<Placed>>,
        parents: Vec<i64>,
    ) -> HashMap<i64, Page<Placed>> {
        let page = |parent| {
            let end = ends.remove(&parent).and_then(|mut end| end.pop());
            let looked_at = end.map_or(LookedAt::Enough, LookedAt::UpTo);
            (parent, self.window.page(rows.remove(&parent).unwrap_or_default(), looked_at))
        };
        parents.into_iter().map(page).collect()
    }

    /// The search, if the list is ordered by relevance.
    fn by_relevance(&self) -> Option<SharedSearch> {
        self.search.clone().filter(|_| self.ordering.is_by_relevance())
    }

    /// Counts the notes of each parent.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(self, db: &Db, whose: Whose, parents: Vec<i64>) -> Result<HashMap<i64, Total>> {
        let each = self.each(db.backend());
        let mut totals = HashMap::with_capacity(parents.len());
        for some in parents.chunks(PARENTS) {
            let most = most_under(&each, some.len());
            let (keys, key) = keys_table(db.backend(), some.iter().copied());
            let of_parent =
                each.notes.clone().filter(belongs(whose, self.sight, key)).into_query().limit(most + 1).take();
            let counting = each.counting(of_parent);
            let mut all = Query::select();
            all.expr(Expr::col(key)).from_function(keys, "k");
            for count in &counting.counts {
                all.expr(each_value(counting.statement.clone().expr(count.clone()).take()));
            }
            for row in db.read().rows(&all).await? {
                totals.insert(row.get(0)?, counting.total(&row, 1, most)?);
            }
        }
        Ok(totals)
    }
}

/// Maximum number of parents per statement.
const PARENTS: usize = 100;
/// The minimum number of notes that a statement examines per parent, if it only compares columns.
const COMPARED: u64 = 10_000;

/// How many notes a statement examines per parent.
fn most_under(each: &Candidates, parents: usize) -> u64 {
    let fewest = if each.condition.is_some() { each.limits.fewest } else { COMPARED };
    Ord::max(each.most() / Ord::max(parents as u64, 1), fewest)
}

/// A statement as a scalar subquery.
fn each_value(statement: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(statement.into()))
}

/// Joins notes to the assignments that a statement reads: those to the user whose key is in the column `key`. It is a
/// CROSS JOIN because `SQLite` has no table statistics, and would otherwise scan the company's notes until it has found
/// enough of a user's few.
pub(super) fn join_assigned(from_assignments: &mut SelectStatement, sight: Sight, key: (&'static str, &'static str)) {
    let column = |column: assignment::Column| Expr::col((assignment::Entity, column));
    from_assignments
        .join(JoinType::CrossJoin, note::Entity, Condition::all())
        .and_where(assignment::Column::CompanyId.eq(sight.company_id))
        .and_where(column(assignment::Column::UserId).equals(key))
        .and_where(column(assignment::Column::NoteId).equals((note::Entity, note::Column::Id)));
}

/// The condition that a note belongs to the parent whose key is in the column `key`.
pub(super) fn belongs(whose: Whose, sight: Sight, key: (&'static str, &'static str)) -> Expr {
    let column = |column: note::Column| Expr::col((note::Entity, column));
    match whose {
        Whose::Customer => column(note::Column::CustomerId).equals(key),
        Whose::Author => column(note::Column::UserId).equals(key),
        Whose::Assignee => column(note::Column::Id).in_subquery(
            Query::select()
                .column(assignment::Column::NoteId)
                .from(assignment::Entity)
                .and_where(assignment::Column::CompanyId.eq(sight.company_id))
                .and_where(Expr::col((assignment::Entity, assignment::Column::UserId)).equals(key))
                .take(),
        ),
    }
}
