use std::sync::Arc;

use sea_orm::sea_query::IntoColumnRef;
use sea_orm::{QueryTrait, Select};

use super::{Cursor, Direction, Ordering, Page, PageArgs, Term, Window};
use crate::db::Db;
use crate::entity::{Columns, Table};
use crate::error::Result;

/// A list that is ordered by ID, that is as its records were made.
pub struct ListById<E: Table> {
    select: Select<E>,
    ordering: Ordering,
    pub window: Window,
}

impl<E> ListById<E>
where
    E: Table,
    E::Model: Send + Sync,
{
    /// `name` stands in the cursors of this list.
    ///
    /// # Errors
    /// INVALID or `BAD_CURSOR`, where the arguments are wrong.
    pub fn new(name: &str, select: Select<E>, id: impl IntoColumnRef, args: &PageArgs) -> Result<Self> {
        let ordering = Ordering {
            name: format!("{name} id+"),
            terms: vec![Term::integer(id, Direction::Ascending)],
            sorted: false,
        };
        let window = args.window(&ordering)?;
        Ok(Self { select, ordering, window })
    }

    /// # Errors
    /// When the database fails.
    pub async fn page(&self, columns: Columns<E>, db: &Db) -> Result<Page<Arc<E::Model>>> {
        let mut select = self.select.clone();
        self.window.apply(QueryTrait::query(&mut select), &self.ordering);
        let rows = columns.all(select, db.read()).await?;
        Ok(self.window.page(rows.into_iter().map(Arc::new).collect()))
    }

    pub fn cursor(&self, id: i64) -> String {
        Cursor(vec![id.into()]).encode(&self.ordering.name)
    }
}
