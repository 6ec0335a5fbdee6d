//! Lists as a single parameter: the statement's text is the same for ten keys and for a hundred, so that it is prepared
//! once.

use sea_orm::DatabaseBackend;
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{ArrayType, Asterisk, Expr, ExprTrait, Func, FunctionCall, IntoColumnRef, Query, Value};

use super::planner_hints::hint_no_index;

/// Up to this many keys, each is a parameter of its own. `PostgreSQL` assumes ten elements for a list it does not know,
/// and replans the statement each time the list is shorter, which takes longer than running it.
const FEW: usize = 8;

/// Condition that `column` is one of `keys`: `= ANY($1)` on `PostgreSQL`, `IN (SELECT value FROM json_each(?))` on
/// `SQLite`. Up to 8 keys are written as `= $1` or `IN ($1, $2)`, with the last key repeated to fill 1, 2, 4 or 8
/// places.
pub fn one_of(backend: DatabaseBackend, column: impl IntoColumnRef, keys: impl IntoIterator<Item = i64>) -> Expr {
    among(backend, Expr::col(column), keys)
}

/// Like [`one_of`], for the few rows that another condition finds.
pub fn one_of_compared(
    backend: DatabaseBackend,
    column: impl IntoColumnRef,
    keys: impl IntoIterator<Item = i64>,
) -> Expr {
    among(backend, hint_no_index(backend, Expr::col(column)), keys)
}

fn among(backend: DatabaseBackend, column: Expr, keys: impl IntoIterator<Item = i64>) -> Expr {
    let mut keys: Vec<i64> = keys.into_iter().collect();
    if let Some(last) = keys.last().copied().filter(|_| keys.len() <= FEW) {
        keys.resize(keys.len().next_power_of_two(), last);
        return if keys.len() == 1 { column.eq(last) } else { column.is_in(keys) };
    }
    let keys = bigints(backend, keys);
    match backend {
        DatabaseBackend::Postgres => column.eq(PgFunc::any(Expr::val(keys))),
        _ => column.in_subquery(
            Query::select().column("value").from_function(Func::cust("json_each").arg(Expr::val(keys)), "k").take(),
        ),
    }
}

/// Like [`one_of`], for text.
pub fn one_of_texts(backend: DatabaseBackend, column: Expr, keys: impl IntoIterator<Item = String>) -> Expr {
    if backend == DatabaseBackend::Postgres {
        let keys = keys.into_iter().map(Value::from).collect();
        return column.eq(PgFunc::any(Expr::val(Value::Array(ArrayType::String, Some(Box::new(keys))))));
    }
    let keys = serde_json::Value::from_iter(keys).to_string();
    column.in_subquery(Query::select().column("value").from_function(Func::cust("json_each").arg(keys), "k").take())
}

/// Condition that the two columns are one of the pairs of `keys`. Several pairs are passed as lists.
pub fn one_of_pairs(
    backend: DatabaseBackend,
    columns: [impl IntoColumnRef; 2],
    keys: impl IntoIterator<Item = (i64, i64)>,
) -> Expr {
    let [first, second] = columns.map(Expr::col);
    let keys: Vec<(i64, i64)> = keys.into_iter().collect();
    if let &[(one, other)] = keys.as_slice() {
        return first.eq(one).and(second.eq(other));
    }
    let mut pairs = Query::select();
    if backend == DatabaseBackend::Postgres {
        let (firsts, seconds): (Vec<i64>, Vec<i64>) = keys.into_iter().unzip();
        let lists = [firsts, seconds].map(|list| Expr::val(bigints(backend, list)));
        pairs.column(Asterisk).from_function(Func::cust("unnest").args(lists), "k");
    } else {
        let list: serde_json::Value = keys.into_iter().map(|(one, other)| serde_json::json!([one, other])).collect();
        pairs
            .expr(Expr::cust("value ->> 0"))
            .expr(Expr::cust("value ->> 1"))
            .from_function(Func::cust("json_each").arg(list.to_string()), "k");
    }
    Expr::tuple([first, second]).in_subquery(pairs)
}

/// A list of keys as a table, to be given the alias `k`, and the name of its only column.
pub fn keys_table(
    backend: DatabaseBackend,
    keys: impl IntoIterator<Item = i64>,
) -> (FunctionCall, (&'static str, &'static str)) {
    let keys = Expr::val(bigints(backend, keys));
    match backend {
        DatabaseBackend::Postgres => (Func::cust("unnest").arg(keys), ("k", "k")),
        _ => (Func::cust("json_each").arg(keys), ("k", "value")),
    }
}

/// One parameter that holds the list: an array on `PostgreSQL`, JSON text on `SQLite`.
fn bigints(backend: DatabaseBackend, keys: impl IntoIterator<Item = i64>) -> Value {
    match backend {
        DatabaseBackend::Postgres => {
            Value::Array(ArrayType::BigInt, Some(Box::new(keys.into_iter().map(Value::from).collect())))
        }
        _ => serde_json::Value::from_iter(keys).to_string().into(),
    }
}
