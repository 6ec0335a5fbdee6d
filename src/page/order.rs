use chrono::{DateTime, Datelike};
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Order, OrderedStatement, Value};

use super::{Cursor, Place};

/// Ascending or descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// One thing that an order compares. It is empty in no row: databases place what is empty each in its own way.
#[derive(Clone, Debug)]
pub struct Term {
    compared: Expr,
    direction: Direction,
    /// What is compared with for a value in a cursor; `None` where no row has such a value.
    value: fn(&Place) -> Option<Expr>,
}

impl Term {
    pub fn new(compared: Expr, direction: Direction, value: fn(&Place) -> Option<Expr>) -> Self {
        Self { compared, direction, value }
    }

    pub fn integer(column: impl IntoColumnRef, direction: Direction) -> Self {
        Self::new(Expr::col(column), direction, |place| place.integer().map(Expr::val))
    }

    /// A column of times, in cursors as microseconds since 1970.
    pub fn time(column: impl IntoColumnRef, direction: Direction) -> Self {
        Self::new(Expr::col(column), direction, time)
    }
}

/// The time that a cursor holds as microseconds since 1970.
pub fn time(place: &Place) -> Option<Expr> {
    let time = DateTime::from_timestamp_micros(place.integer()?)?;
    (1..=9999).contains(&time.year()).then(|| Expr::val(Value::from(time)))
}

/// A total order over a list: its terms end with one that no two rows share.
#[derive(Clone, Debug)]
pub struct Ordering {
    /// Stands in the cursors made for this order.
    pub name: String,
    pub terms: Vec<Term>,
    /// The rows are few, and to be sorted when they are found: `SQLite`, which has no figures of its tables, would
    /// rather walk an index that has the order, and look for them there.
    pub sorted: bool,
}

impl Ordering {
    /// Whether a row could stand where the cursor says.
    pub fn fits(&self, cursor: &Cursor) -> bool {
        self.values(cursor).is_some()
    }

    /// The values of a cursor, one for each term.
    fn values(&self, cursor: &Cursor) -> Option<Vec<Expr>> {
        let values = self.terms.iter().zip(&cursor.0).map(|(term, place)| (term.value)(place)).collect();
        if cursor.0.len() == self.terms.len() { values } else { None }
    }

    /// Sorts, back to front if asked.
    pub fn sort(&self, rows: &mut impl OrderedStatement, backwards: bool) {
        for term in &self.terms {
            let direction = if backwards { term.direction.reversed() } else { term.direction };
            let order = match direction {
                Direction::Ascending => Order::Asc,
                Direction::Descending => Order::Desc,
            };
            // An index is not used for an expression, which this makes of a column.
            let compared = term.compared.clone();
            rows.order_by_expr(if self.sorted { Expr::cust_with_expr("+?", compared) } else { compared }, order);
        }
    }

    /// What comes after the cursor in this order, or before it; nothing, for a cursor that does not fit.
    pub fn beyond(&self, cursor: &Cursor, before: bool) -> Condition {
        let Some(values) = self.values(cursor) else { return Condition::all().add(Expr::val(false)) };
        let terms: Vec<_> = self
            .terms
            .iter()
            .zip(values)
            .map(|(term, value)| {
                let direction = if before { term.direction.reversed() } else { term.direction };
                (term.compared.clone(), direction, value)
            })
            .collect();
        match terms.first() {
            Some(&(_, first, _)) if terms.iter().all(|(_, direction, _)| *direction == first) => together(terms, first),
            _ => one_by_one(terms),
        }
    }
}

type Compared = (Expr, Direction, Expr);

/// All terms at once, where they go one way: both databases read the index from there on, however many rows share the
/// values of the first terms.
fn together(terms: Vec<Compared>, direction: Direction) -> Condition {
    let (columns, values): (Vec<Expr>, Vec<Expr>) =
        terms.into_iter().map(|(compared, _, value)| (compared, value)).unzip();
    let (columns, values) = (Expr::tuple(columns), Expr::tuple(values));
    Condition::all().add(match direction {
        Direction::Ascending => columns.gt(values),
        Direction::Descending => columns.lt(values),
    })
}

/// `a <= x AND (a < x OR (a = x AND ...))`: the outer comparison is redundant, but it is one that both databases turn
/// into a range of an index over the first term.
fn one_by_one(terms: Vec<Compared>) -> Condition {
    let mut condition = Condition::all();
    for (compared, direction, value) in terms.into_iter().rev() {
        let (strictly, at_most) = match direction {
            Direction::Ascending => (compared.clone().gt(value.clone()), compared.clone().gte(value.clone())),
            Direction::Descending => (compared.clone().lt(value.clone()), compared.clone().lte(value.clone())),
        };
        condition = if condition.is_empty() {
            Condition::all().add(strictly)
        } else {
            let tie = Condition::all().add(compared.eq(value)).add(condition);
            Condition::all().add(at_most).add(Condition::any().add(strictly).add(tie))
        };
    }
    condition
}
