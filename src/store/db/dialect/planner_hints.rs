//! Hints for the query planners. `SQLite` keeps no table statistics here, and assumes that each index leaves ten rows
//! of a company; `PostgreSQL` has statistics, and plans by them.

use sea_orm::sea_query::{Expr, ExprTrait, Func, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr};

use super::{Database, Dialect};
use crate::store::db::Transaction;

impl Dialect {
    /// Whether the planner knows how many rows match a condition. Without statistics, as on `SQLite`, the way in which
    /// a statement is written has to lead the planner to the condition that few rows match.
    pub fn has_statistics(self) -> bool {
        match self.0 {
            Database::Postgres => true,
            Database::Sqlite => false,
        }
    }

    /// Whether the order of notes by the time of their update is a table beside them, `note_update`, and not one of
    /// their indexes. With an index on a column that each change sets, `PostgreSQL` writes an entry into all indexes of
    /// the row for any change.
    pub fn has_note_updates(self) -> bool {
        match self.0 {
            Database::Postgres => true,
            Database::Sqlite => false,
        }
    }

    /// Marks a condition as met by hardly any row of a company, so that its index is used. Without the hint, `SQLite`
    /// prefers to scan all rows of the company in a covering index.
    pub fn hint_rare(self, condition: Expr) -> Expr {
        match self.0 {
            Database::Postgres => condition,
            Database::Sqlite => Expr::cust_with_expr("likelihood(?, 0.0001)", condition),
        }
    }

    /// Marks a column as a filter only: `SQLite` would otherwise look up each value of a list in its index, or all rows
    /// with a value that many rows have.
    pub fn hint_no_index(self, column: Expr) -> Expr {
        match self.0 {
            Database::Postgres => column,
            Database::Sqlite => without_index(column),
        }
    }

    /// For a statement that finds few rows: they should be sorted after they are found. Without statistics, `SQLite`
    /// would scan an index in the requested order and look for the rows there.
    pub fn sort_after_finding(self) -> SortHint {
        match self.0 {
            Database::Postgres => SortHint { after_finding: false },
            Database::Sqlite => SortHint { after_finding: true },
        }
    }

    /// Condition that a column is among the values of `rows`, which are found before anything else is read.
    ///
    /// On `PostgreSQL` they become an array. With a plain condition, it would check one row after the other in the
    /// order of a list, in the hope of filling a page soon: if no row matches, it would check all rows of the company.
    pub fn one_of_found_first(self, column: Expr, rows: SelectStatement) -> Expr {
        match self.0 {
            Database::Postgres => {
                let array = Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(rows.into())));
                column.eq(Func::cust("ANY").arg(array))
            }
            Database::Sqlite => column.in_subquery(rows),
        }
    }

    /// Whether a statement returns the rows of a sorted subquery in their order without sorting them itself. `SQLite`
    /// does, and would examine all of them in order to sort; `PostgreSQL` promises nothing, and knows that they are
    /// sorted.
    pub fn keeps_subquery_order(self) -> bool {
        match self.0 {
            Database::Postgres => false,
            Database::Sqlite => true,
        }
    }
}

/// Where a statement gets its order from: an index, by default, or sorting after the rows are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SortHint {
    after_finding: bool,
}

impl SortHint {
    /// The expression to sort by in place of `compared`.
    pub fn apply(self, compared: Expr) -> Expr {
        if self.after_finding { without_index(compared) } else { compared }
    }

    /// What a statement that is written as text puts before each expression that it sorts by.
    pub fn prefix(self) -> &'static str {
        if self.after_finding { "+" } else { "" }
    }

    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { after_finding: self.after_finding || other.after_finding }
    }
}

/// The `+` makes an expression of a column, for which `SQLite` uses no index.
fn without_index(column: Expr) -> Expr {
    Expr::cust_with_expr("+?", column)
}

impl Transaction {
    /// Forgets the plans of this connection, for a transaction that fills tables. `PostgreSQL` plans foreign key checks
    /// while the tables are empty, when all indexes look equally good, and caches these plans, which read more with
    /// each batch. `SQLite` plans each statement by the schema alone.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn forget_plans(&self) -> Result<(), DbErr> {
        match Dialect::of(self).0 {
            Database::Postgres => self.execute_unprepared("DISCARD PLANS").await.map(drop),
            Database::Sqlite => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Order, PostgresQueryBuilder, Query, SqliteQueryBuilder};

    use super::*;

    fn both(statement: impl Fn(Dialect) -> SelectStatement) -> [String; 2] {
        [
            statement(Dialect::POSTGRES).to_string(PostgresQueryBuilder),
            statement(Dialect::SQLITE).to_string(SqliteQueryBuilder),
        ]
    }

    #[test]
    fn hints_are_for_sqlite_alone() {
        let rare = |dialect: Dialect| {
            Query::select().expr(Expr::cust("1")).and_where(dialect.hint_rare(Expr::col("a").eq(1))).take()
        };
        assert_eq!(both(rare), [r#"SELECT 1 WHERE "a" = 1"#, r#"SELECT 1 WHERE likelihood("a" = 1, 0.0001)"#]);
        let sorted = |dialect: Dialect| {
            let compared = dialect.sort_after_finding().apply(Expr::col("a"));
            Query::select().column("a").order_by_expr(compared, Order::Asc).take()
        };
        assert_eq!(both(sorted), [r#"SELECT "a" ORDER BY "a" ASC"#, r#"SELECT "a" ORDER BY +"a" ASC"#]);
        assert_eq!(
            [Dialect::POSTGRES, Dialect::SQLITE].map(|dialect| dialect.sort_after_finding().prefix()),
            ["", "+"]
        );
        assert_eq!(SortHint::default().prefix(), "");
        assert_eq!(SortHint::default().or(Dialect::SQLITE.sort_after_finding()).prefix(), "+");
    }

    #[test]
    fn what_is_found_first_is_an_array_on_postgresql() {
        let found = |dialect: Dialect| {
            let rows = Query::select().column("b").from("t").take();
            Query::select().expr(Expr::cust("1")).and_where(dialect.one_of_found_first(Expr::col("a"), rows)).take()
        };
        assert_eq!(
            both(found),
            [
                r#"SELECT 1 WHERE "a" = ANY(ARRAY((SELECT "b" FROM "t")))"#,
                r#"SELECT 1 WHERE "a" IN (SELECT "b" FROM "t")"#,
            ]
        );
    }
}
