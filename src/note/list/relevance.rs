//! Lists of notes ordered by relevance.
//!
//! The statement has three layers. The innermost numbers the matches of each list by age, and scores the newest of
//! them: scoring all would take too long, and nobody reads that far. The next selects those of the page, reading only
//! the compared columns, and the last reads their rows, which may be long.

use hashbrown::HashMap;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, WindowStatement};
use sea_orm::{ColumnTrait, Condition, QueryTrait};

use super::note_list::NoteList;
use super::order::{RankedNote, SCORE};
use super::parent::{ParentKind, belongs, join_assigned};
use crate::error::Result;
use crate::graphql::context::DataSource;
use crate::graphql::pagination::{Page, ScanExtent};
use crate::search::{Search, SearchCondition};
use crate::store::ColumnSet;
use crate::store::db::{Row, RowQueries};
use crate::store::entity::{assignment, note};

/// The alias of the table of a page's matches.
const FOUND: &str = "found";
/// The column with the key of the parent record.
const PARENT: &str = "parent";
/// The column with the number of a match in its parent's list.
const PLACE: &str = "place";

/// A column of keys.
type Key = (&'static str, &'static str);

impl NoteList {
    /// Loads a page of the list.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn best(self, reader: &DataSource, search: &Search) -> Result<Page<RankedNote>> {
        let asked = SearchCondition { search, access: self.access, dialect: reader.db.dialect() };
        let found = self.found(asked.dialect);
        // If there are more candidates than one statement examines, the list consists of the newest.
        let matches = found.fitting(found.newest(found.most()));
        let mut page = self.scored(reader, matches, asked, None);
        self.request.apply(&mut page, &self.ordering.ordering);
        let mut all = Query::select();
        let columns = self.rows_of(page, reader, all.column((FOUND, SCORE)));
        let rows = reader.db.read().rows(&all).await?;
        let rows = rows.iter().map(|row| placed(row, 0, columns)).collect::<Result<_>>()?;
        Ok(self.request.page(rows, ScanExtent::Complete))
    }

    /// Loads a page for each of many parents, in one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn best_under(
        self,
        reader: &DataSource,
        search: &Search,
        parent_kind: ParentKind,
        parents: Vec<i64>,
    ) -> Result<HashMap<i64, Page<RankedNote>>> {
        let asked = SearchCondition { search, access: self.access, dialect: reader.db.dialect() };
        let (keys, key) = asked.dialect.keys_table(parents.iter().copied());
        let each = self.each(asked.dialect);
        let mut matches = each.notes.into_query();
        if let Some((condition, _)) = each.condition {
            matches.cond_where(condition);
        }
        // CROSS JOIN makes SQLite go from the parents to the few notes of each, not the other way round.
        matches.from_clear().from_function(keys, "k");
        if parent_kind == ParentKind::Assignee {
            matches.join(JoinType::CrossJoin, assignment::Entity, Condition::all());
            join_assigned(&mut matches, self.access, key);
        } else {
            matches.join(JoinType::CrossJoin, note::Entity, Condition::all()).and_where(belongs(
                parent_kind,
                self.access,
                key,
            ));
        }
        let mut page = self.scored(reader, matches, asked, Some(key));
        let mut place = WindowStatement::partition_by(PARENT);
        self.request.sort(&mut place, &self.ordering.ordering);
        page.column(PARENT).expr_window_as(Func::cust("row_number"), place, PLACE);
        self.request.apply_cursors(&mut page, &self.ordering.ordering);

        let (skipped, size) = self.request.rows();
        let mut all = Query::select();
        all.columns([(FOUND, PARENT), (FOUND, SCORE)])
            .and_where(Expr::col((FOUND, PLACE)).gt(skipped))
            .and_where(Expr::col((FOUND, PLACE)).lte(skipped + size));
        let columns = self.rows_of(page, reader, &mut all);
        let mut rows: HashMap<i64, Vec<RankedNote>> = HashMap::new();
        for row in reader.db.read().rows(&all).await? {
            rows.entry(row.get(0)?).or_default().push(placed(&row, 1, columns)?);
        }
        Ok(self.pages_of(rows, HashMap::new(), parents))
    }

    /// Selects the IDs and the scores of matches, from a subquery named like the notes' table, with the columns that
    /// the order compares.
    fn scored(
        &self,
        reader: &DataSource,
        mut matches: SelectStatement,
        asked: SearchCondition<'_>,
        parent: Option<Key>,
    ) -> SelectStatement {
        // Without the `+`, SQLite would scan all notes in an index by time and check each, instead of sorting the
        // matches.
        let sorted = asked.dialect.sort_after_finding().prefix();
        let of_parent = parent.map(|(table, column)| format!(r#"PARTITION BY "{table}"."{column}" "#));
        let number = format!(
            r#"row_number() OVER ({}ORDER BY {sorted}"note"."created_on" DESC, {sorted}"note"."id" DESC)"#,
            of_parent.unwrap_or_default()
        );
        let scored = Ord::min(reader.limits.scored, reader.limits.most(asked.relevance_weight()));
        let is_scored = Expr::cust(number).lte(Expr::cust(scored.to_string()));
        // A sum is a bigint on PostgreSQL, so the value in its place must be one, too.
        let score = CaseStatement::new().case(is_scored, asked.relevance()).finally(Expr::cust("CAST(0 AS bigint)"));
        matches.clear_selects().expr_as(score, SCORE);
        if let Some(key) = parent {
            matches.expr_as(Expr::col(key), PARENT);
        }
        self.ordering.columns().and(ColumnSet::of("id").unwrap_or(ColumnSet::ALL)).select(&mut matches);
        Query::select().columns(["id", SCORE]).from_subquery(matches, note::Entity).take()
    }

    /// Adds the rows of the page to a statement, with their columns after those that it selects already.
    fn rows_of(
        &self,
        page: SelectStatement,
        reader: &DataSource,
        all: &mut SelectStatement,
    ) -> ColumnSet<note::Entity> {
        let columns = reader.columns::<note::Entity>().and(self.ordering.columns());
        columns.select(all);
        all.from_subquery(page, FOUND)
            .join(JoinType::CrossJoin, note::Entity, Condition::all())
            .and_where(note::Column::CompanyId.eq(self.access.company_id))
            .and_where(Expr::col((note::Entity, note::Column::Id)).equals((FOUND, "id")));
        self.request.sort(all, &self.ordering.ordering);
        columns
    }
}

/// Reads a note from a row that has the score in the column `score`, and the note's columns after it.
fn placed(row: &Row, score: usize, columns: ColumnSet<note::Entity>) -> Result<RankedNote> {
    let note = columns.read(row, score + 1)?;
    Ok(RankedNote { score: row.get(score)?, ..note.into() })
}
