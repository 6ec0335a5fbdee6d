//! How many notes a statement looks at.
//!
//! A list is found in two steps, in one statement: the candidates, which comparing columns or an index finds, and those
//! of them that fit the conditions that read more. What the conditions read is bounded by the number of candidates, and
//! that by what the conditions weigh: whatever a filter or a search asks, a statement does about the same work at most.
//! What lies behind the last candidate is left to the next page, and counts say `AT_LEAST`.
//!
//! Candidates are notes that the viewer sees: what others hold makes no difference to the work on them.

use sea_orm::sea_query::{CaseStatement, Expr, Func, Order, Query, SelectStatement};
use sea_orm::{Condition, QueryTrait, Select};

use crate::db::Row;
use crate::entity::note;
use crate::error::{Error, Result};
use crate::page::Total;
use crate::search::Limits;

/// Notes to be found.
#[derive(Clone)]
pub struct Candidates {
    /// Those that are looked at.
    pub notes: Select<note::Entity>,
    /// What each has to fit, and the work on one; `None`, where all of them do.
    pub condition: Option<(Condition, u64)>,
    /// They are to be sorted when they are found: `SQLite`, which has no figures of its tables, would rather walk all notes
    /// in the order that is asked for.
    pub sorted: bool,
    pub limits: Limits,
}

/// A statement that counts, without what it selects.
pub struct Counting {
    pub statement: SelectStatement,
    /// How many fit; and behind it, where they are not all, at how many it has looked.
    pub counts: Vec<Expr>,
}

impl Candidates {
    /// How many of them a statement looks at.
    pub fn most(&self) -> u64 {
        self.most_of(0)
    }

    /// The same, where so much more is done with each that fits.
    pub fn most_of(&self, more: u64) -> u64 {
        self.limits.most(self.condition.as_ref().map_or(0, |(_, weight)| *weight) + more)
    }

    /// The newest of them.
    pub fn newest(&self, most: u64) -> SelectStatement {
        let mut newest = self.notes.clone().into_query();
        for column in [note::Column::CreatedOn, note::Column::Id] {
            let compared = Expr::col((note::Entity, column));
            let compared = if self.sorted { Expr::cust_with_expr("+?", compared) } else { compared };
            newest.order_by_expr(compared, Order::Desc);
        }
        newest.limit(most).take()
    }

    /// Those that fit, of some candidates.
    pub fn fitting(&self, candidates: SelectStatement) -> SelectStatement {
        let mut fitting = Query::select();
        fitting.from_subquery(candidates, note::Entity);
        if let Some((condition, _)) = &self.condition {
            fitting.cond_where(condition.clone());
        }
        fitting
    }

    /// Counts those that fit, of some candidates.
    pub fn counting(&self, mut candidates: SelectStatement) -> Counting {
        let mut statement = Query::select();
        let all = Expr::cust("count(*)");
        let Some((condition, _)) = &self.condition else {
            // As each counts, it makes no difference which they are.
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
    /// The count, of a row that has what was selected from this column on.
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
