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
    /// Its alias in the statement.
    name: &'static str,
    columns: ColumnSet<E>,
    /// The index of its first column.
    place: usize,
}

impl<E: ColumnTable> JoinedTable<E> {
    /// A table under the alias `name`; `place` counts the selected columns.
    pub fn new(place: &mut usize, columns: ColumnSet<E>, name: &'static str) -> Self {
        let joined = Self { name, columns, place: *place };
        *place += columns.count();
        joined
    }

    /// Joins the table, and selects its columns: after those that were counted before.
    pub fn join(&self, select: &mut SelectStatement, on: Condition) {
        select.join_as(JoinType::LeftJoin, E::default(), self.name, on);
        self.columns.select_from(self.name, select);
    }

    /// Joins the row of the company whose ID is in the column `key`.
    pub fn join_by(&self, select: &mut SelectStatement, company_id: CompanyId, key: impl IntoColumnRef) {
        let own = Condition::all().add(Expr::col((self.name, "company_id")).eq(company_id));
        self.join(select, own.add(Expr::col((self.name, "id")).equals(key)));
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
