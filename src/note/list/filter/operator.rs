//! The operators of a comparison: each is counted and checked before it becomes a condition.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{Condition, Value};

use super::comparator::DateTimeFilter;
use crate::error::{Error, Result};

/// Maximum number of values in one list of a filter.
const MAX_VALUES: usize = 100;
/// Maximum number of conditions in a filter.
const MAX_CONDITIONS: usize = 50;

/// The hint for finding notes that have no value in a field.
pub const IS_NULL: &str = "to find what is empty, use `isNull: true`";
/// The same for a field that every note has.
pub const NEVER_NULL: &str = "it is never empty, so `isNull: true` would find nothing";

type Compare = fn(Expr, Value) -> Expr;

/// The number of conditions so far.
#[derive(Debug, Default)]
pub struct ConditionCounter(usize);

impl ConditionCounter {
    /// # Errors
    /// INVALID if there are too many conditions.
    pub fn one_more(&mut self) -> Result<()> {
        self.0 += 1;
        if self.0 > MAX_CONDITIONS {
            return Err(Error::Invalid(format!("The filter has more than {MAX_CONDITIONS} conditions.")));
        }
        Ok(())
    }

    pub fn so_far(&self) -> usize {
        self.0
    }

    /// Counts an operator that is set, and returns its value.
    ///
    /// # Errors
    /// INVALID if there are too many conditions.
    pub fn operator<T>(&mut self, value: Option<T>) -> Result<Option<T>> {
        if value.is_some() {
            self.one_more()?;
        }
        Ok(value)
    }

    /// Refuses a comparison that has added no condition since the count was `before`: the client meant to set one, and
    /// without it all notes would match. `hint` says how to find notes without a value there.
    ///
    /// # Errors
    /// INVALID if no condition was added.
    pub fn more_than(&self, before: usize, path: &str, hint: &str) -> Result<()> {
        if self.0 > before {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "`{path}` sets no condition, as every operator in it is absent or null. Set one, or leave `{path}` out; \
             {hint}."
        )))
    }

    /// Counts an operator that takes a list, and returns its values.
    ///
    /// # Errors
    /// INVALID if the list is too long, a value is wrong, or there are too many conditions.
    pub fn list<T, V>(
        &mut self,
        path: &str,
        values: Option<&[T]>,
        value: impl Fn(&T) -> Result<V>,
    ) -> Result<Option<Vec<V>>> {
        let Some(values) = self.operator(values)? else { return Ok(None) };
        not_too_many(path, values.len())?;
        values.iter().map(value).collect::<Result<_>>().map(Some)
    }

    /// Counts and reads the operators that most comparisons have.
    ///
    /// # Errors
    /// INVALID if a value is wrong, a list is too long, or there are too many conditions.
    pub fn operators<T, V>(
        &mut self,
        path: &str,
        (eq, neq): (Option<&T>, Option<&T>),
        (is_in, not_in): (Option<&[T]>, Option<&[T]>),
        is_null: Option<bool>,
        value: impl Fn(&T) -> Result<V>,
    ) -> Result<Operators<V>> {
        Ok(Operators {
            eq: self.operator(eq)?.map(&value).transpose()?,
            neq: self.operator(neq)?.map(&value).transpose()?,
            is_in: self.list(&format!("{path}.in"), is_in, &value)?,
            not_in: self.list(&format!("{path}.notIn"), not_in, &value)?,
            is_null: self.operator(is_null)?,
        })
    }

    /// The condition of a comparison of times. `compared` holds the column, or the non-null expressions that stand for
    /// it in indexes; the condition compares each of them, so that whichever index the order uses gets a range. `hint`
    /// is that of [`more_than`](Self::more_than).
    ///
    /// # Errors
    /// INVALID if there are too many conditions, or if no operator is set.
    pub fn times(
        &mut self,
        path: &str,
        column: &Expr,
        compared: &[Expr],
        filter: &DateTimeFilter,
        hint: &str,
    ) -> Result<Condition> {
        let DateTimeFilter { eq, gt, gte, lt, lte, is_null } = filter;
        let before = self.so_far();
        let mut condition = Condition::all();
        let operators: [(_, Compare); 5] = [
            (eq, |column, value| column.eq(value)),
            (gt, |column, value| column.gt(value)),
            (gte, |column, value| column.gte(value)),
            (lt, |column, value| column.lt(value)),
            (lte, |column, value| column.lte(value)),
        ];
        for (operator, compare) in operators {
            if let Some(time) = self.operator(operator.as_ref())? {
                for compared in compared {
                    condition = condition.add(compare(compared.clone(), time.0.into()));
                }
            }
        }
        let condition = condition.add_option(self.operator(*is_null)?.map(|empty| is_empty(column, empty)));
        self.more_than(before, path, hint)?;
        Ok(condition)
    }
}

/// # Errors
/// INVALID if the list has too many values.
pub fn not_too_many(path: &str, count: usize) -> Result<()> {
    if count > MAX_VALUES {
        return Err(Error::Invalid(format!("`{path}` has {count} values; at most {MAX_VALUES} are allowed.")));
    }
    Ok(())
}

/// The operators of a comparison, with values ready for the database.
pub struct Operators<V> {
    pub eq: Option<V>,
    pub neq: Option<V>,
    pub is_in: Option<Vec<V>>,
    pub not_in: Option<Vec<V>>,
    pub is_null: Option<bool>,
}

impl<V: Into<Value>> Operators<V> {
    /// Two-valued conditions, also where the column is null: `neq` and `notIn` are true there.
    pub fn compare(self, column: &Expr, one_of: impl Fn(Vec<V>) -> Expr) -> Condition {
        let or_empty = |condition: Expr| Condition::any().add(condition).add(column.clone().is_null());
        let Self { eq, neq, is_in, not_in, is_null } = self;
        Condition::all()
            .add_option(eq.map(|value| column.clone().eq(value.into())))
            .add_option(neq.map(|value| or_empty(column.clone().ne(value.into()))))
            .add_option(is_in.map(&one_of))
            .add_option(not_in.map(|values| or_empty(one_of(values).not())))
            .add_option(is_null.map(|empty| is_empty(column, empty)))
    }
}

pub fn is_empty(column: &Expr, empty: bool) -> Expr {
    if empty { column.clone().is_null() } else { column.clone().is_not_null() }
}
