use std::sync::Arc;

use sea_orm::sea_query::{Expr, IntoColumnRef, Query, SelectStatement};
use sea_orm::{Condition, QueryTrait, Select};

use super::{Cursor, Direction, Page, PageArgs, PageRequest, ScanExtent, SortKey, SortOrder, Total};
use crate::error::{Error, Result};
use crate::ids::RecordId;
use crate::store::db::{Db, RowQueries, SortHint};
use crate::store::{ColumnSet, ColumnTable};

/// How many records one statement examines, if it checks a condition on each.
const LOOKED_AT: u64 = 20_000;
/// How many records a count examines, if it checks no condition on each.
const COUNTED: u64 = 250_000;

/// Records to list.
#[derive(Clone)]
pub struct FilteredRecords<E: sea_orm::EntityTrait> {
    /// The candidates, which an index finds.
    pub select: Select<E>,
    /// The condition that each candidate must match.
    pub condition: Option<Condition>,
}

impl<E: ColumnTable> FilteredRecords<E> {
    /// Counts the records.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(self, db: &Db) -> Result<Total> {
        let most = if self.condition.is_some() { LOOKED_AT } else { COUNTED };
        let all = Expr::cust("count(*)");
        let mut records = self.select.into_query();
        let mut counted = Query::select();
        if let Some(condition) = self.condition {
            let fits = sea_orm::sea_query::CaseStatement::new().case(condition, Expr::cust("1"));
            counted.expr(sea_orm::sea_query::Func::count(Expr::Case(Box::new(fits))));
        } else {
            records.clear_selects().expr(Expr::cust("1"));
            counted.expr(all.clone());
        }
        counted.expr(all).from_subquery(records.limit(most + 1).take(), E::default());
        let row = db.read().row(&counted).await?.ok_or_else(|| Error::missing("count", most))?;
        let count = |column| -> Result<u64> {
            let count: i64 = row.get(column)?;
            u64::try_from(count).map_err(Error::internal)
        };
        Ok(Total::of(count(0)?, count(1)?, most))
    }
}

/// A list ordered by ID, that is in the order in which its records were created.
pub struct ListById<E: ColumnTable> {
    found: FilteredRecords<E>,
    ordering: SortOrder,
    pub request: PageRequest,
}

impl<E> ListById<E>
where
    E: ColumnTable,
    E::Model: Send + Sync,
{
    /// `name` identifies the list in its cursors.
    ///
    /// # Errors
    /// INVALID or `BAD_CURSOR` if the arguments are wrong.
    pub fn new(name: &str, found: FilteredRecords<E>, id: impl IntoColumnRef, args: &PageArgs) -> Result<Self> {
        let ordering = SortOrder {
            name: format!("{name} id+"),
            keys: vec![SortKey::integer(id, Direction::Ascending)],
            sort_hint: SortHint::default(),
        };
        let request = args.request(&ordering)?;
        Ok(Self { found, ordering, request })
    }

    /// # Errors
    /// When the database fails.
    pub async fn page(&self, columns: ColumnSet<E>, db: &Db) -> Result<Page<Arc<E::Model>>> {
        let mut records = self.found.select.clone().into_query();
        let Some(condition) = &self.found.condition else {
            self.request.apply(&mut records, &self.ordering);
            return Ok(self.request.page(rows(columns, records, db).await?, ScanExtent::Complete));
        };
        self.request.apply_cursors(&mut records, &self.ordering);
        self.request.sort(&mut records, &self.ordering);
        let mut page = Query::select();
        page.from_subquery(records.clone().limit(LOOKED_AT).take(), E::default()).cond_where(condition.clone());
        self.request.sort(&mut page, &self.ordering);
        self.request.limit(&mut page);
        let found = rows(columns, page, db).await?;
        if self.request.is_full(&found) {
            return Ok(self.request.page(found, ScanExtent::Complete));
        }
        records.limit(1).offset(LOOKED_AT - 1);
        let end = rows(columns, records, db).await?.pop();
        Ok(self.request.page(found, end.map_or(ScanExtent::Complete, ScanExtent::UpTo)))
    }

    pub fn cursor(&self, id: impl RecordId) -> String {
        Cursor(vec![id.into()]).encode(&self.ordering.name)
    }
}

/// Loads the records that a statement finds.
async fn rows<E: ColumnTable>(
    columns: ColumnSet<E>,
    mut select: SelectStatement,
    db: &Db,
) -> Result<Vec<Arc<E::Model>>> {
    columns.select(select.clear_selects());
    let rows = db.read().rows(&select).await?;
    // Each row is dropped as soon as it has been read.
    rows.into_iter().map(|row| Ok(Arc::new(columns.read(&row, 0)?))).collect()
}
