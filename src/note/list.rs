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

/// What a list of notes was asked for; equal arguments under many records are one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoteListArgs {
    /// Which notes.
    pub filter: Option<NoteFilter>,
    /// Only notes that hold these words, as in `Query.notes`.
    pub search: Option<String>,
    /// In which order, by at most 3 fields; newest first when absent.
    pub order_by: Option<Vec<NoteOrder>>,
    /// The size of the page, from its start: 1 to 100, 20 when absent.
    pub first: Option<i32>,
    /// Only what follows this cursor.
    pub after: Option<String>,
    /// The size of the page, from its end: 1 to 100.
    pub last: Option<i32>,
    /// Only what precedes this cursor.
    pub before: Option<String>,
    /// The page by its number, from 1, of size `first`; not together with a cursor.
    pub page: Option<i32>,
}

/// How the notes of a list belong to the record that the list stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The notes about a customer.
    Customer,
    /// The notes that a user wrote.
    Author,
    /// The notes that a user is assigned to.
    Assignee,
}

/// A list, ready to be asked of the database.
pub struct NoteList {
    /// Those that the viewer sees, and that fit the part of the filter that is cheap.
    notes: Select<note::Entity>,
    /// The part of the filter that is not, and what it weighs.
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
    /// INVALID or `BAD_CURSOR`, where the arguments are wrong.
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

    /// The notes of the list, to be looked at one by one.
    pub(super) fn each(&self, backend: DatabaseBackend) -> Candidates {
        let Some(search) = self.search.as_deref() else { return self.candidates(self.notes.clone(), None) };
        if search.is_vain() {
            return self.candidates(self.notes.clone().filter(Expr::val(false)), None);
        }
        let found = Asked { search, sight: self.sight, backend }.of_each();
        self.candidates(self.notes.clone(), Some(found))
    }

    /// The notes of the list, to be looked at where an index has found them; one by one, where there is none that does.
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

    /// A page for each of many parents: in one statement where all that is asked is cheap, else in one for every few
    /// parents, and one more where there are notes that it did not look at.
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

    /// A page for each parent, of the rows that were found for it, and the notes where looking at more of them stopped.
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

    /// The search, where the list has the order of relevance.
    fn by_relevance(&self) -> Option<SharedSearch> {
        self.search.clone().filter(|_| self.ordering.is_by_relevance())
    }

    /// How many notes each of many parents has.
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

/// Parents whose notes one statement looks at.
const PARENTS: usize = 100;
/// Where columns are compared only, a statement looks at this many notes of each parent.
const COMPARED: u64 = 10_000;

/// How many notes of each of so many parents a statement looks at.
fn most_under(each: &Candidates, parents: usize) -> u64 {
    let fewest = if each.condition.is_some() { each.limits.fewest } else { COMPARED };
    Ord::max(each.most() / Ord::max(parents as u64, 1), fewest)
}

/// A statement in the place of a value.
fn each_value(statement: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(statement.into()))
}

/// Joins notes to the assignments that a statement reads: those to the user whose key is in the column `key`. `SQLite` has
/// no figures of its tables, and would rather walk the notes of the company until it has found enough of a user's few.
pub(super) fn join_assigned(from_assignments: &mut SelectStatement, sight: Sight, key: (&'static str, &'static str)) {
    let column = |column: assignment::Column| Expr::col((assignment::Entity, column));
    from_assignments
        .join(JoinType::CrossJoin, note::Entity, Condition::all())
        .and_where(assignment::Column::CompanyId.eq(sight.company_id))
        .and_where(column(assignment::Column::UserId).equals(key))
        .and_where(column(assignment::Column::NoteId).equals((note::Entity, note::Column::Id)));
}

/// The note belongs to the parent whose key is in the column `key`.
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
