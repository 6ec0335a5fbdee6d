use chrono::{DateTime, Datelike};
use sea_orm::Condition;
use sea_orm::sea_query::{ColumnRef, Expr, ExprTrait, IntoColumnRef, Order, SelectStatement, Value};

use super::Cursor;

/// Ascending or descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// One thing that an order compares.
#[derive(Clone, Debug)]
pub struct Term {
    column: ColumnRef,
    direction: Direction,
    /// How the integer in a cursor becomes a value of the column; `None` where no row has such a value.
    value: fn(i64) -> Option<Value>,
}

impl Term {
    pub fn integer(column: impl IntoColumnRef, direction: Direction) -> Self {
        Self { column: column.into_column_ref(), direction, value: |value| Some(value.into()) }
    }

    /// A column of times, in cursors as microseconds since 1970.
    pub fn time(column: impl IntoColumnRef, direction: Direction) -> Self {
        let value = |micros| {
            let time = DateTime::from_timestamp_micros(micros)?;
            (1..=9999).contains(&time.year()).then(|| Value::from(time))
        };
        Self { column: column.into_column_ref(), direction, value }
    }
}

/// A total order over a list: its terms end with one that no two rows share.
#[derive(Clone, Debug)]
pub struct Ordering {
    /// Stands in the cursors made for this order.
    pub name: String,
    pub terms: Vec<Term>,
}

impl Ordering {
    /// Whether a row could stand where the cursor says.
    pub fn fits(&self, cursor: &Cursor) -> bool {
        cursor.0.len() == self.terms.len()
            && self.terms.iter().zip(&cursor.0).all(|(term, &value)| (term.value)(value).is_some())
    }

    /// Sorts, back to front if asked.
    pub fn sort(&self, select: &mut SelectStatement, backwards: bool) {
        for term in &self.terms {
            let direction = if backwards { term.direction.reversed() } else { term.direction };
            let order = match direction {
                Direction::Ascending => Order::Asc,
                Direction::Descending => Order::Desc,
            };
            select.order_by_expr(Expr::col(term.column.clone()), order);
        }
    }

    /// What comes after the cursor in this order, or before it.
    ///
    /// Written as `a <= x AND (a < x OR (a = x AND ...))`: the outer comparison is redundant, but it is one that
    /// both databases turn into a range of the index, so that a deep page costs what the first one costs.
    pub fn beyond(&self, cursor: &Cursor, before: bool) -> Condition {
        let mut condition = Condition::all();
        for (term, &value) in self.terms.iter().zip(&cursor.0).rev() {
            let Some(value) = (term.value)(value) else { continue };
            let direction = if before { term.direction.reversed() } else { term.direction };
            let column = || Expr::col(term.column.clone());
            let (strictly, at_most) = match direction {
                Direction::Ascending => (column().gt(value.clone()), column().gte(value.clone())),
                Direction::Descending => (column().lt(value.clone()), column().lte(value.clone())),
            };
            condition = if condition.is_empty() {
                Condition::all().add(strictly)
            } else {
                let tie = Condition::all().add(column().eq(value)).add(condition);
                Condition::all().add(at_most).add(Condition::any().add(strictly).add(tie))
            };
        }
        condition
    }
}
