//! Planner hints for `SQLite`. It keeps no table statistics, and assumes that each index leaves ten rows of a company;
//! `PostgreSQL` has statistics, and plans by them.

use sea_orm::DatabaseBackend;
use sea_orm::sea_query::Expr;

/// Marks a condition as met by hardly any row of a company, so that its index is used. Without the hint, `SQLite`
/// prefers to scan all rows of the company in a covering index.
pub fn hint_rare(backend: DatabaseBackend, condition: Expr) -> Expr {
    match backend {
        DatabaseBackend::Postgres => condition,
        _ => Expr::cust_with_expr("likelihood(?, 0.0001)", condition),
    }
}

/// Marks a column as a filter only: `SQLite` would otherwise look up each value of a list in its index.
pub fn hint_no_index(backend: DatabaseBackend, column: Expr) -> Expr {
    match backend {
        DatabaseBackend::Postgres => column,
        _ => Expr::cust_with_expr("+?", column),
    }
}
