use chrono::{DateTime, Datelike};
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Order, OrderedStatement, Value};

use super::{Cursor, CursorValue};
use crate::store::db::SortHint;

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

/// An expression that an order compares. It is never null, because the databases place nulls differently.
#[derive(Clone, Debug)]
pub struct SortKey {
    compared: Expr,
    direction: Direction,
    /// Turns a value in a cursor into the value to compare with; `None` if no row can have such a value.
    value: fn(&CursorValue) -> Option<Expr>,
}

impl SortKey {
    pub fn new(compared: Expr, direction: Direction, value: fn(&CursorValue) -> Option<Expr>) -> Self {
        Self { compared, direction, value }
    }

    pub fn integer(column: impl IntoColumnRef, direction: Direction) -> Self {
        Self::new(Expr::col(column), direction, |place| place.integer().map(Expr::val))
    }

    /// A column of times; cursors hold them as microseconds since 1970.
    pub fn time(column: impl IntoColumnRef, direction: Direction) -> Self {
        Self::new(Expr::col(column), direction, time)
    }
}

/// The time of a cursor value in microseconds since 1970.
pub fn time(place: &CursorValue) -> Option<Expr> {
    let time = DateTime::from_timestamp_micros(place.integer()?)?;
    (1..=9999).contains(&time.year()).then(|| Expr::val(Value::from(time)))
}

/// A total order of a list: no two rows have the same value in its last term.
#[derive(Clone, Debug)]
pub struct SortOrder {
    /// The name of the order, which its cursors contain.
    pub name: String,
    pub keys: Vec<SortKey>,
    pub sort_hint: SortHint,
}

impl SortOrder {
    /// Whether a row could have the values of the cursor.
    pub fn fits(&self, cursor: &Cursor) -> bool {
        self.values(cursor).is_some()
    }

    /// The values of a cursor, one for each term.
    fn values(&self, cursor: &Cursor) -> Option<Vec<Expr>> {
        let values = self.keys.iter().zip(&cursor.0).map(|(key, place)| (key.value)(place)).collect();
        if cursor.0.len() == self.keys.len() { values } else { None }
    }

    /// Adds the order to a statement, reversed if `backwards`.
    pub fn sort(&self, rows: &mut impl OrderedStatement, backwards: bool) {
        for key in &self.keys {
            let direction = if backwards { key.direction.reversed() } else { key.direction };
            let order = match direction {
                Direction::Ascending => Order::Asc,
                Direction::Descending => Order::Desc,
            };
            rows.order_by_expr(self.sort_hint.apply(key.compared.clone()), order);
        }
    }

    /// The condition for rows after the cursor in this order, or before it; it matches nothing if the cursor does not
    /// fit.
    pub fn seek(&self, cursor: &Cursor, before: bool) -> Condition {
        let Some(values) = self.values(cursor) else { return Condition::all().add(Expr::val(false)) };
        let keys: Vec<_> = self
            .keys
            .iter()
            .zip(values)
            .map(|(key, value)| {
                let direction = if before { key.direction.reversed() } else { key.direction };
                (key.compared.clone(), direction, value)
            })
            .collect();
        match keys.first() {
            Some(&(_, first, _)) if keys.iter().all(|(_, direction, _)| *direction == first) => {
                tuple_comparison(keys, first)
            }
            _ => nested_comparison(keys),
        }
    }
}

type Compared = (Expr, Direction, Expr);

/// Compares all terms at once, if they have the same direction: both databases read the index from that point, however
/// many rows share the values of the first terms.
fn tuple_comparison(keys: Vec<Compared>, direction: Direction) -> Condition {
    let (columns, values): (Vec<Expr>, Vec<Expr>) =
        keys.into_iter().map(|(compared, _, value)| (compared, value)).unzip();
    let (columns, values) = (Expr::tuple(columns), Expr::tuple(values));
    Condition::all().add(match direction {
        Direction::Ascending => columns.gt(values),
        Direction::Descending => columns.lt(values),
    })
}

/// `a <= x AND (a < x OR (a = x AND ...))`: the outer comparison is redundant, but both databases turn it into an index
/// range over the first term.
fn nested_comparison(keys: Vec<Compared>) -> Condition {
    let mut condition = Condition::all();
    for (compared, direction, value) in keys.into_iter().rev() {
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
