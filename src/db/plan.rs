//! What `SQLite` is told of a condition so that it finds rows the right way. It keeps no figures of its tables, and takes
//! each index to leave ten rows of a company; `PostgreSQL` has figures, and decides by them.

use sea_orm::DatabaseBackend;
use sea_orm::sea_query::Expr;

/// A condition that hardly any row of a company fits, and by which rows are found. Where `SQLite` does not know it, it
/// rather reads all rows of the company in an index that spares it the look into the table.
pub fn rare(backend: DatabaseBackend, condition: Expr) -> Expr {
    match backend {
        DatabaseBackend::Postgres => condition,
        _ => Expr::cust_with_expr("likelihood(?, 0.0001)", condition),
    }
}

/// A column that rows are compared by, and not found: `SQLite` would look for each value of a list in its index.
pub fn compared(backend: DatabaseBackend, column: Expr) -> Expr {
    match backend {
        DatabaseBackend::Postgres => column,
        _ => Expr::cust_with_expr("+?", column),
    }
}
