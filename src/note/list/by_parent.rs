//! Lists of notes under many parent records: a page of each list, in one statement.

use hashbrown::HashMap;
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ColumnTrait, QueryFilter, QueryTrait};

use super::candidates::CandidateQuery;
use super::order::{NoteSortOrder, RankedNote};
use super::parent::{ParentKind, belongs, join_assigned};
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::graphql::pagination::PageRequest;
use crate::store::db::RowQueries;
use crate::store::entity::note;
use crate::store::{AccessScope, ColumnSet};

/// A list of notes under parent records.
#[derive(Clone, Copy)]
pub struct ListsByParent<'l> {
    pub reader: &'l DataSource,
    pub parent_kind: ParentKind,
    pub access: AccessScope,
    pub request: &'l PageRequest,
    pub ordering: &'l NoteSortOrder,
}

/// A column of keys.
type Key = (&'static str, &'static str);

impl ListsByParent<'_> {
    /// The rows of each parent's page: the matching ones among its first `most` notes, or among all its notes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows(
        self,
        notes: &CandidateQuery,
        most: Option<u64>,
        parents: &[i64],
    ) -> Result<HashMap<i64, Vec<RankedNote>>> {
        let part = |key| {
            let mut page = self.of_parent(notes, key);
            let Some(most) = most else {
                self.request.apply(&mut page, &self.ordering.ordering);
                return page;
            };
            self.request.apply_cursors(&mut page, &self.ordering.ordering);
            self.request.sort(&mut page, &self.ordering.ordering);
            let mut page = notes.fitting(page.limit(most).take());
            ColumnSet::<note::Entity>::ALL.select(&mut page);
            self.request.sort(&mut page, &self.ordering.ordering);
            self.request.limit(&mut page);
            page
        };
        self.parts(part, parents).await
    }

    /// The note of each parent at which examining its notes stops; none if the parent has fewer notes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ends(
        self,
        notes: &CandidateQuery,
        most: u64,
        parents: &[i64],
    ) -> Result<HashMap<i64, Vec<RankedNote>>> {
        let part = |key| {
            let mut end = self.of_parent(notes, key);
            self.request.apply_cursors(&mut end, &self.ordering.ordering);
            self.request.sort(&mut end, &self.ordering.ordering);
            end.limit(1).offset(most - 1).take()
        };
        self.parts(part, parents).await
    }

    /// The notes of the parent whose key is in the column `key`.
    fn of_parent(self, notes: &CandidateQuery, key: Key) -> SelectStatement {
        let notes = notes.notes.clone();
        if self.parent_kind == ParentKind::Assignee && !self.reader.db.dialect().has_statistics() {
            let mut notes = notes.into_query();
            join_assigned(notes.from_clear().from(crate::store::entity::assignment::Entity), self.access, key);
            return notes;
        }
        notes.filter(belongs(self.parent_kind, self.access, key)).into_query()
    }

    /// Runs `part` for each parent in one statement.
    async fn parts(
        self,
        part: impl Fn(Key) -> SelectStatement,
        parents: &[i64],
    ) -> Result<HashMap<i64, Vec<RankedNote>>> {
        let Self { reader, access, request, ordering, .. } = self;
        let dialect = reader.db.dialect();
        let (keys, key) = dialect.keys_table(parents.iter().copied());
        let mut columns = reader.columns::<note::Entity>().and(ordering.columns());
        if !dialect.has_statistics() {
            // No index contains this column: the planner would otherwise scan all notes in a covering index instead of
            // looking up a few by their keys.
            columns = columns.and(ColumnSet::of("version").unwrap_or(ColumnSet::ALL));
        }
        let mut all = Query::select();
        all.expr(Expr::col(key)).from_function(keys, "k");
        columns.select(&mut all);
        let of_company = note::Column::CompanyId.eq(access.company_id);
        dialect.join_each::<note::Entity>(&mut all, part(key), note::Column::Id, of_company);
        request.sort(&mut all, &ordering.ordering);

        let mut rows: HashMap<i64, Vec<RankedNote>> = HashMap::new();
        for row in reader.db.read().rows(&all).await? {
            rows.entry(row.get(0)?).or_default().push(columns.read(&row, 1)?.into());
        }
        Ok(rows)
    }
}
