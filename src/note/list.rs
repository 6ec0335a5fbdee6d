//! Lists of notes: all that a viewer sees, or those of a customer, an author or an assignee.

use async_graphql::InputObject;
use hashbrown::HashMap;
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, PaginatorTrait, QueryFilter, QueryTrait, Select,
};

use super::filter::NoteFilter;
use super::load::NOTE;
use super::order::{NoteOrder, NoteOrdering, Placed};
use super::walk::Walk;
use crate::context::Reader;
use crate::db::{Db, keys_table};
use crate::entity::{Columns, Sight, assignment, note};
use crate::error::{Error, Result};
use crate::page::{Page, PageArgs, Window};
use crate::search::{Asked, Search, SharedSearch};

/// What a list of notes was asked for; equal arguments under many records are one statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, InputObject)]
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
    pub(super) notes: Select<note::Entity>,
    pub(super) sight: Sight,
    pub search: Option<SharedSearch>,
    pub ordering: NoteOrdering,
    pub window: Window,
}

impl NoteList {
    /// # Errors
    /// INVALID or `BAD_CURSOR`, where the arguments are wrong.
    pub fn new(args: &NoteListArgs, sight: Sight, backend: DatabaseBackend) -> Result<Self> {
        let NoteListArgs { filter, search: text, order_by, first, after, last, before, page } = args;
        let search = text.as_deref().map(Search::new).transpose()?.flatten().map(SharedSearch::new);
        let mut ordering = NoteOrdering::new(order_by.as_deref(), search.as_ref().and(text.as_deref()))?;
        let page = PageArgs { first: *first, after: after.clone(), last: *last, before: before.clone(), page: *page };
        let window = page.window(&ordering.ordering)?;
        let mut notes = sight.notes();
        let few = filter.as_ref().is_some_and(NoteFilter::names_few);
        ordering.ordering.sorted = backend == DatabaseBackend::Sqlite && few && !ordering.is_by_time();
        if let Some(filter) = filter {
            notes = notes.filter(filter.split(sight, backend)?.whole().0);
        }
        Ok(Self { notes, sight, search, ordering, window })
    }

    /// # Errors
    /// When the database fails.
    pub async fn page(mut self, reader: &Reader) -> Result<Page<Placed>> {
        if let Some(search) = self.by_relevance() {
            return self.best(reader, &search).await;
        }
        let mut notes = self.notes;
        if let Some(search) = &self.search {
            let asked = Asked { search, sight: self.sight, backend: reader.db.backend() };
            let walk = Walk { reader, notes: &notes, asked, window: &self.window, ordering: &self.ordering };
            if let Some(rows) = walk.page().await? {
                return Ok(self.window.page(rows));
            }
            notes = notes.filter(asked.of_all());
            self.ordering.ordering.sorted = reader.db.backend() == DatabaseBackend::Sqlite;
        }
        self.window.apply(QueryTrait::query(&mut notes), &self.ordering.ordering);
        let rows = reader.columns(&NOTE).and(self.ordering.columns()).all(notes, reader.db.read()).await?;
        Ok(self.window.page(rows.into_iter().map(Placed::from).collect()))
    }

    /// # Errors
    /// When the database fails.
    pub async fn count(self, db: &Db) -> Result<u64> {
        let mut notes = self.notes;
        if let Some(search) = &self.search {
            notes = notes.filter(Asked { search, sight: self.sight, backend: db.backend() }.of_all());
        }
        Ok(notes.count(db.read()).await?)
    }

    /// A page for each of many parents, in one statement.
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
        let backend = reader.db.backend();
        self.ordering.ordering.sorted = backend == DatabaseBackend::Sqlite && !self.ordering.is_by_time();
        let (keys, key) = keys_table(backend, parents.iter().copied());
        let notes = self.found_by_each(backend);
        let mut each = match (backend, whose) {
            (DatabaseBackend::Sqlite, Whose::Assignee) => {
                let mut notes = notes.into_query();
                join_assigned(notes.from_clear().from(assignment::Entity), self.sight, key);
                notes
            }
            _ => notes.filter(belongs(whose, self.sight, key)).into_query(),
        };
        self.window.apply(&mut each, &self.ordering.ordering);

        let mut columns = reader.columns(&NOTE).and(self.ordering.columns());
        if backend != DatabaseBackend::Postgres {
            // No index holds it: SQLite would rather walk all notes in an index that holds all that is read of them than
            // look some up by their keys.
            columns = columns.and(Columns::of("version").unwrap_or(Columns::ALL));
        }
        let mut all = Query::select();
        all.expr(Expr::col(key)).from_function(keys, "k");
        columns.select(&mut all);
        if backend == DatabaseBackend::Postgres {
            all.join_lateral(JoinType::InnerJoin, each, note::Entity, Condition::all().add(Expr::val(true)));
        } else {
            // SQLite has no LATERAL: the limit stands in a subquery that names the notes of one parent. CROSS JOIN:
            // look these up for each parent, rather than ask each note of the company for its parents.
            each.clear_selects().column((note::Entity, note::Column::Id));
            let condition = Condition::all()
                .add(note::Column::CompanyId.eq(self.sight.company_id))
                .add(Expr::col((note::Entity, note::Column::Id)).in_subquery(each));
            all.join(JoinType::CrossJoin, note::Entity, Condition::all()).cond_where(condition);
        }
        self.window.sort(&mut all, &self.ordering.ordering);

        let mut rows: HashMap<i64, Vec<Placed>> = HashMap::new();
        for row in reader.db.read().query_all(&all).await? {
            rows.entry(row.try_get_by_index(0)?).or_default().push(columns.read(&row, 1)?.into());
        }
        Ok(self.pages_of(rows, parents))
    }

    /// A page for each parent, of the rows that were found for it.
    pub(super) fn pages_of(
        &self,
        mut rows: HashMap<i64, Vec<Placed>>,
        parents: Vec<i64>,
    ) -> HashMap<i64, Page<Placed>> {
        let page = |parent| (parent, self.window.page(rows.remove(&parent).unwrap_or_default()));
        parents.into_iter().map(page).collect()
    }

    /// The search, where the list has the order of relevance.
    fn by_relevance(&self) -> Option<SharedSearch> {
        self.search.clone().filter(|_| self.ordering.is_by_relevance())
    }

    /// The notes of the search: of the few of each parent, whether they match, and not of all that match, whose they are.
    pub(super) fn found_by_each(&self, backend: DatabaseBackend) -> Select<note::Entity> {
        let asked = self.search.as_deref().map(|search| Asked { search, sight: self.sight, backend }.of_each());
        asked.into_iter().fold(self.notes.clone(), QueryFilter::filter)
    }

    /// How many notes each of many parents has, in one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(self, db: &Db, whose: Whose, parents: Vec<i64>) -> Result<HashMap<i64, u64>> {
        let (keys, key) = keys_table(db.backend(), parents);
        let notes = self.found_by_each(db.backend());
        let mut each = notes.filter(belongs(whose, self.sight, key)).into_query();
        each.clear_selects().expr(Expr::col(Asterisk).count());
        let mut all = Query::select();
        all.expr_as(Expr::col(key), "parent").expr_as(each_value(each), "total").from_function(keys, "k");
        let rows = db.read().query_all(&all).await?;
        rows.iter()
            .map(|row| {
                let total: i64 = row.try_get("", "total")?;
                Ok((row.try_get("", "parent")?, u64::try_from(total).map_err(Error::internal)?))
            })
            .collect()
    }
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
