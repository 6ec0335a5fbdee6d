//! Lists of notes: all that a viewer sees, or those of a customer, an author or an assignee.

use async_graphql::InputObject;
use hashbrown::HashMap;
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{Condition, QueryFilter, QueryTrait, Select};

use super::by_parent::ListsByParent;
use super::candidates::CandidateQuery;
use super::filter::{FilterPlan, NoteFilter};
use super::order::{NoteOrder, NoteSortOrder, RankedNote};
use super::parent::{ParentKind, belongs};
use super::scan::ScanPage;
use super::updates::read_through_updates;
use crate::error::{Error, Result};
use crate::graphql::ListLimits;
use crate::graphql::context::DataSource;
use crate::graphql::pagination::{Page, PageArgs, PageRequest, ScanExtent, Total};
use crate::search::{Search, SearchCondition, SharedSearch};
use crate::store::AccessScope;
use crate::store::db::{Db, Dialect, RowQueries, SortHint};
use crate::store::entity::note;

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

/// A list, ready to be loaded from the database.
pub struct NoteList {
    /// The notes that the viewer sees and that match the cheap part of the filter.
    notes: Select<note::Entity>,
    /// The expensive part of the filter, and its weight.
    expensive: Condition,
    weight: u64,
    limits: ListLimits,
    /// Whether the filter selects the notes that changed since some time.
    names_update: bool,
    pub(super) access: AccessScope,
    pub search: Option<SharedSearch>,
    pub ordering: NoteSortOrder,
    pub request: PageRequest,
}

impl NoteList {
    /// # Errors
    /// INVALID or `BAD_CURSOR` if the arguments are wrong.
    pub fn new(args: &NoteListArgs, reader: &DataSource) -> Result<Self> {
        let (access, dialect) = (reader.access, reader.db.dialect());
        let NoteListArgs { filter, search: text, order_by, first, after, last, before, page } = args;
        let search = text.as_deref().map(Search::new).transpose()?.flatten().map(SharedSearch::new);
        let mut ordering = NoteSortOrder::new(order_by.as_deref(), search.as_ref().and(text.as_deref()))?;
        let page = PageArgs { first: *first, after: after.clone(), last: *last, before: before.clone(), page: *page };
        let request = page.request(&ordering.ordering)?;
        let mut notes = access.notes();
        let names_update = filter.as_ref().is_some_and(NoteFilter::names_update);
        let few = filter.as_ref().is_some_and(NoteFilter::names_few);
        if few && !ordering.is_by_creation() {
            ordering.ordering.sort_hint = dialect.sort_after_finding();
        }
        let in_order = ordering.is_by_update();
        let FilterPlan { cheap, expensive, weight } =
            filter.as_ref().map(|filter| filter.split(access, dialect, in_order)).transpose()?.unwrap_or_default();
        if !cheap.is_empty() {
            notes = notes.filter(cheap);
        }
        let limits = reader.limits;
        Ok(Self { notes, expensive, weight, limits, names_update, access, search, ordering, request })
    }

    /// Lets the list read its notes through the table of their updates, if that gives its order or selects its notes.
    pub(super) fn through_updates(&mut self, dialect: Dialect) {
        if self.ordering.is_by_update() || self.names_update {
            read_through_updates(QueryTrait::query(&mut self.notes), dialect);
        }
    }

    /// The candidates, when each note of the list is checked.
    pub(super) fn each(&self, dialect: Dialect) -> CandidateQuery {
        let Some(search) = self.search.as_deref() else { return self.candidates(self.notes.clone(), None) };
        if search.matches_nothing() {
            return self.candidates(self.notes.clone().filter(Expr::val(false)), None);
        }
        let found = SearchCondition { search, access: self.access, dialect }.of_each();
        self.candidates(self.notes.clone(), Some(found))
    }

    /// The candidates that an index finds; all notes of the list, if no index answers the search.
    pub(super) fn found(&self, dialect: Dialect) -> CandidateQuery {
        let asked = self.search.as_deref().map(|search| SearchCondition { search, access: self.access, dialect });
        match asked.and_then(|asked| Some((asked.candidates()?, asked.confirmed()))) {
            Some((candidates, confirmed)) => CandidateQuery {
                sort_hint: dialect.sort_after_finding(),
                ..self.candidates(self.notes.clone().filter(candidates), Some(confirmed))
            },
            None => self.each(dialect),
        }
    }

    fn candidates(&self, notes: Select<note::Entity>, found: Option<(Expr, u64)>) -> CandidateQuery {
        let mut condition = self.expensive.clone();
        let mut weight = self.weight;
        if let Some((found, more)) = found {
            condition = condition.add(found);
            weight += more;
        }
        let condition = (!condition.is_empty()).then_some((condition, weight));
        CandidateQuery { notes, condition, sort_hint: SortHint::default(), limits: self.limits }
    }

    /// # Errors
    /// When the database fails.
    pub async fn page(mut self, reader: &DataSource) -> Result<Page<RankedNote>> {
        if let Some(search) = self.by_relevance() {
            return self.best(reader, &search).await;
        }
        let dialect = reader.db.dialect();
        self.through_updates(dialect);
        let each = self.each(dialect);
        if each.condition.is_none() {
            let mut notes = each.notes;
            self.request.apply(QueryTrait::query(&mut notes), &self.ordering.ordering);
            let rows =
                reader.columns::<note::Entity>().and(self.ordering.columns()).all(notes, reader.db.read()).await?;
            return Ok(self.request.page(rows.into_iter().map(RankedNote::from).collect(), ScanExtent::Complete));
        }
        let found = self.found(dialect);
        if self.search.is_some() {
            let scan = ScanPage { reader, candidates: &each, request: &self.request, ordering: &self.ordering };
            if let Some(rows) = scan.page().await? {
                return Ok(self.request.page(rows, ScanExtent::Complete));
            }
            self.ordering.ordering.sort_hint = self.ordering.ordering.sort_hint.or(found.sort_hint);
        }
        let scan = ScanPage { reader, candidates: &found, request: &self.request, ordering: &self.ordering };
        let (rows, looked_at) = scan.bounded().await?;
        Ok(self.request.page(rows, looked_at))
    }

    /// # Errors
    /// When the database fails.
    pub async fn count(mut self, db: &Db) -> Result<Total> {
        if self.names_update {
            self.through_updates(db.dialect());
        }
        let found = self.found(db.dialect());
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
        reader: &DataSource,
        parent_kind: ParentKind,
        parents: Vec<i64>,
    ) -> Result<HashMap<i64, Page<RankedNote>>> {
        if let Some(search) = self.by_relevance() {
            return self.best_under(reader, &search, parent_kind, parents).await;
        }
        if !self.ordering.is_by_creation() {
            self.ordering.ordering.sort_hint = reader.db.dialect().sort_after_finding();
        }
        let each = self.each(reader.db.dialect());
        let under = ListsByParent {
            reader,
            parent_kind,
            access: self.access,
            request: &self.request,
            ordering: &self.ordering,
        };
        if each.condition.is_none() {
            let rows = under.rows(&each, None, &parents).await?;
            return Ok(self.pages_of(rows, HashMap::new(), parents));
        }
        let mut pages = HashMap::with_capacity(parents.len());
        for some in parents.chunks(PARENTS) {
            let most = most_under(&each, some.len());
            let rows = under.rows(&each, Some(most), some).await?;
            let is_open = |parent: &i64| rows.get(parent).is_none_or(|rows| !self.request.is_full(rows));
            let open: Vec<i64> = some.iter().copied().filter(is_open).collect();
            let ends = if open.is_empty() { HashMap::new() } else { under.ends(&each, most, &open).await? };
            pages.extend(self.pages_of(rows, ends, some.to_vec()));
        }
        Ok(pages)
    }

    /// Builds a page for each parent from its rows, and from the note at which examining its notes stopped.
    pub(super) fn pages_of(
        &self,
        mut rows: HashMap<i64, Vec<RankedNote>>,
        mut ends: HashMap<i64, Vec<RankedNote>>,
        parents: Vec<i64>,
    ) -> HashMap<i64, Page<RankedNote>> {
        let page = |parent| {
            let end = ends.remove(&parent).and_then(|mut end| end.pop());
            let looked_at = end.map_or(ScanExtent::Complete, ScanExtent::UpTo);
            (parent, self.request.page(rows.remove(&parent).unwrap_or_default(), looked_at))
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
    pub async fn counts(self, db: &Db, parent_kind: ParentKind, parents: Vec<i64>) -> Result<HashMap<i64, Total>> {
        let each = self.each(db.dialect());
        let mut totals = HashMap::with_capacity(parents.len());
        for some in parents.chunks(PARENTS) {
            let most = most_under(&each, some.len());
            let (keys, key) = db.dialect().keys_table(some.iter().copied());
            let of_parent =
                each.notes.clone().filter(belongs(parent_kind, self.access, key)).into_query().limit(most + 1).take();
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
fn most_under(each: &CandidateQuery, parents: usize) -> u64 {
    let fewest = if each.condition.is_some() { each.limits.fewest } else { COMPARED };
    Ord::max(each.most() / Ord::max(parents as u64, 1), fewest)
}

/// A statement as a scalar subquery.
fn each_value(statement: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(statement.into()))
}
