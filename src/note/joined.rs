//! Tables that are joined to the one that a statement reads, so that their rows come along.

use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, JoinType, SelectStatement};
use sea_orm::{Condition, DbErr};

use crate::db::Row;
use crate::engine::{Question, Seeds};
use crate::entity::{Columns, Table};

/// A table that is joined.
pub struct Joined<E> {
    columns: Columns<E>,
    /// Where its columns begin.
    place: usize,
}

impl<E: Table> Joined<E> {
    /// Adds the row whose key is in the column `key`; `place` counts the columns that are selected.
    pub fn new(
        select: &mut SelectStatement,
        place: &mut usize,
        columns: Columns<E>,
        name: &'static str,
        on: Condition,
    ) -> Self {
        select.join_as(JoinType::LeftJoin, E::default(), name, on);
        columns.select_from(name, select);
        let joined = Self { columns, place: *place };
        *place += columns.count();
        joined
    }

    /// Seeds what came along with a row, of which `key` tells whether it is linked to any.
    ///
    /// # Errors
    /// When a value is not of the type of its column.
    pub fn seed<Q>(&self, row: &Row, key: Option<i64>, seeds: &mut Seeds) -> Result<(), DbErr>
    where
        Q: Question<Key = i64, Answer = Arc<E::Model>>,
    {
        let Some(key) = key else { return Ok(()) };
        seeds.seed::<Q>(key, Arc::new(self.columns.read(row, self.place)?));
        Ok(())
    }
}

/// The row of the table called `name` in the statement that belongs to the company and has the ID in `key`.
pub fn on(name: &'static str, company_id: i64, key: impl IntoColumnRef) -> Condition {
    Condition::all().add(Expr::col((name, "company_id")).eq(company_id)).add(Expr::col((name, "id")).equals(key))
}
