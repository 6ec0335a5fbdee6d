//! Candidates: limits how many notes a statement examines.
//!
//! A list is found in two steps, in one statement: first the candidates, which column comparisons or an index select,
//! then those candidates that match the conditions that read more. The number of candidates limits what the conditions
//! read, and the weight of the conditions limits that number, so that a statement does at most about the same work for
//! any filter or search. Notes after the last candidate are left to the next page, and counts say `AT_LEAST`.
//!
//! Candidates are notes that the viewer sees: notes of others do not affect the work.

use sea_orm::sea_query::{CaseStatement, Expr, Func, Order, Query, SelectStatement};
use sea_orm::{Condition, QueryTrait, Select};

use crate::error::{Error, Result};
use crate::graphql::ListLimits;
use crate::graphql::pagination::Total;
use crate::store::db::{Row, SortHint};
use crate::store::entity::note;

/// The notes that a statement examines, and what it checks.
#[derive(Clone)]
pub struct CandidateQuery {
    /// The candidates.
    pub notes: Select<note::Entity>,
    /// The condition that each candidate must match, and its weight; `None` if all candidates match.
    pub condition: Option<(Condition, u64)>,
    pub sort_hint: SortHint,
    pub limits: ListLimits,
}

/// A counting statement, without its selected columns.
pub struct Counting {
    pub statement: SelectStatement,
    /// The number of matching notes, followed by the number of examined notes, if not all match.
    pub counts: Vec<Expr>,
}

impl CandidateQuery {
    /// The number of candidates that a statement examines.
    pub fn most(&self) -> u64 {
        self.most_of(0)
    }

    /// The same, with `more` weight per matching note.
    pub fn most_of(&self, more: u64) -> u64 {
        self.limits.most(self.condition.as_ref().map_or(0, |(_, weight)| *weight) + more)
    }

    /// Selects the newest candidates.
    pub fn newest(&self, most: u64) -> SelectStatement {
        let mut newest = self.notes.clone().into_query();
        for column in [note::Column::CreatedOn, note::Column::Id] {
            newest.order_by_expr(self.sort_hint.apply(Expr::col((note::Entity, column))), Order::Desc);
        }
        newest.limit(most).take()
    }

    /// Selects the matching notes among some candidates.
    pub fn fitting(&self, candidates: SelectStatement) -> SelectStatement {
        let mut fitting = Query::select();
        fitting.from_subquery(candidates, note::Entity);
        if let Some((condition, _)) = &self.condition {
            fitting.cond_where(condition.clone());
        }
        fitting
    }

    /// Counts the matching notes among some candidates.
    pub fn counting(&self, mut candidates: SelectStatement) -> Counting {
        let mut statement = Query::select();
        let all = Expr::cust("count(*)");
        let Some((condition, _)) = &self.condition else {
            // Every candidate counts, so their order does not matter.
            candidates.clear_selects().expr(Expr::cust("1")).clear_order_by();
            statement.from_subquery(candidates, note::Entity);
            return Counting { statement, counts: vec![all] };
        };
        statement.from_subquery(candidates, note::Entity);
        let fits = CaseStatement::new().case(condition.clone(), Expr::cust("1"));
        Counting { statement, counts: vec![Func::count(Expr::Case(Box::new(fits))).into(), all] }
    }
}

impl Counting {
    /// Reads the count from a row whose counts begin at the column `first`.
    ///
    /// # Errors
    /// When the row has none.
    pub fn total(&self, row: &Row, first: usize, most: u64) -> Result<Total> {
        let count = |column| -> Result<u64> {
            let count: i64 = row.get(column)?;
            u64::try_from(count).map_err(Error::internal)
        };
        Ok(Total::of(count(first)?, count(first + self.counts.len() - 1)?, most))
    }
}
