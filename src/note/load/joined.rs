//! Joined tables, whose rows are read along with those of a statement's own table.

use std::sync::Arc;

use breadth::{Loader, Prefetched};
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, JoinType, SelectStatement};
use sea_orm::{Condition, DbErr};

use crate::ids::CompanyId;
use crate::store::db::Row;
use crate::store::{ColumnSet, ColumnTable};

/// A joined table.
pub struct JoinedTable<E> {
    columns: ColumnSet<E>,
    /// The index of its first column.
    place: usize,
}

impl<E: ColumnTable> JoinedTable<E> {
    /// Joins a table under the alias `name`, on the condition `on`; `place` counts the selected columns.
    pub fn new(
        select: &mut SelectStatement,
        place: &mut usize,
        columns: ColumnSet<E>,
        name: &'static str,
        on: Condition,
    ) -> Self {
        select.join_as(JoinType::LeftJoin, E::default(), name, on);
        columns.select_from(name, select);
        let joined = Self { columns, place: *place };
        *place += columns.count();
        joined
    }

    /// Seeds the loader with the joined record of a row; `key` is the link to it, `None` if there is none.
    ///
    /// # Errors
    /// When a value is not of the type of its column.
    pub fn seed<L>(&self, row: &Row, key: Option<L::Key>, prefetched: &mut Prefetched) -> Result<(), DbErr>
    where
        L: Loader<Value = Arc<E::Model>>,
    {
        let Some(key) = key else { return Ok(()) };
        prefetched.seed::<L>(key, Arc::new(self.columns.read(row, self.place)?));
        Ok(())
    }
}

/// The condition that the table with the alias `name` belongs to the company and has the ID in the column `key`.
pub fn on(name: &'static str, company_id: CompanyId, key: impl IntoColumnRef) -> Condition {
    Condition::all().add(Expr::col((name, "company_id")).eq(company_id)).add(Expr::col((name, "id")).equals(key))
}
