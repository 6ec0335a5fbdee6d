//! Lists as a single parameter: the statement's text is the same for ten keys and for a hundred, so that it is prepared
//! once.

use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{ArrayType, Asterisk, Expr, ExprTrait, Func, FunctionCall, IntoColumnRef, Query, Value};

use super::{Database, Dialect};

/// Up to this many keys, each is a parameter of its own. `PostgreSQL` assumes ten elements for a list it does not know,
/// and replans the statement each time the list is shorter, which takes longer than running it.
const FEW: usize = 8;

impl Dialect {
    /// Condition that `column` is one of `keys`: `= ANY($1)` on `PostgreSQL`, `IN (SELECT value FROM json_each(?))` on
    /// `SQLite`. Up to 8 keys are written as `= $1` or `IN ($1, $2)`, with the last key repeated to fill 1, 2, 4 or 8
    /// places.
    pub fn one_of(self, column: impl IntoColumnRef, keys: impl IntoIterator<Item = impl Into<i64>>) -> Expr {
        self.among(Expr::col(column), keys)
    }

    /// Like [`Self::one_of`], for an expression.
    pub fn one_of_expr(self, compared: Expr, keys: impl IntoIterator<Item = impl Into<i64>>) -> Expr {
        self.among(compared, keys)
    }

    /// Like [`Self::one_of`], for the few rows that another condition finds.
    pub fn one_of_compared(self, column: impl IntoColumnRef, keys: impl IntoIterator<Item = impl Into<i64>>) -> Expr {
        self.among(self.hint_no_index(Expr::col(column)), keys)
    }

    fn among(self, column: Expr, keys: impl IntoIterator<Item = impl Into<i64>>) -> Expr {
        let mut keys: Vec<i64> = keys.into_iter().map(Into::into).collect();
        if let Some(last) = keys.last().copied().filter(|_| keys.len() <= FEW) {
            keys.resize(keys.len().next_power_of_two(), last);
            return if keys.len() == 1 { column.eq(last) } else { column.is_in(keys) };
        }
        let keys = self.list(keys);
        match self.0 {
            Database::Postgres => column.eq(PgFunc::any(Expr::val(keys))),
            Database::Sqlite => column.in_subquery(
                Query::select().column("value").from_function(Func::cust("json_each").arg(Expr::val(keys)), "k").take(),
            ),
        }
    }

    /// Like [`Self::one_of`], for text.
    pub fn one_of_texts(self, column: Expr, keys: impl IntoIterator<Item = String>) -> Expr {
        match self.0 {
            Database::Postgres => {
                let keys = keys.into_iter().map(Value::from).collect();
                column.eq(PgFunc::any(Expr::val(Value::Array(ArrayType::String, Some(Box::new(keys))))))
            }
            Database::Sqlite => {
                let keys = serde_json::Value::from_iter(keys).to_string();
                let keys = Func::cust("json_each").arg(keys);
                column.in_subquery(Query::select().column("value").from_function(keys, "k").take())
            }
        }
    }

    /// Condition that the two columns are one of the pairs of `keys`. Several pairs are passed as lists.
    pub fn one_of_pairs<A: Into<i64>, B: Into<i64>>(
        self,
        columns: [impl IntoColumnRef; 2],
        keys: impl IntoIterator<Item = (A, B)>,
    ) -> Expr {
        let [first, second] = columns.map(Expr::col);
        let keys: Vec<(i64, i64)> = keys.into_iter().map(|(one, other)| (one.into(), other.into())).collect();
        if let &[(one, other)] = keys.as_slice() {
            return first.eq(one).and(second.eq(other));
        }
        let mut pairs = Query::select();
        match self.0 {
            Database::Postgres => {
                let (firsts, seconds): (Vec<i64>, Vec<i64>) = keys.into_iter().unzip();
                let lists = [firsts, seconds].map(|list| Expr::val(self.list(list)));
                pairs.column(Asterisk).from_function(Func::cust("unnest").args(lists), "k");
            }
            Database::Sqlite => {
                let list: serde_json::Value =
                    keys.into_iter().map(|(one, other)| serde_json::json!([one, other])).collect();
                pairs
                    .expr(Expr::cust("value ->> 0"))
                    .expr(Expr::cust("value ->> 1"))
                    .from_function(Func::cust("json_each").arg(list.to_string()), "k");
            }
        }
        Expr::tuple([first, second]).in_subquery(pairs)
    }

    /// A list of keys as a table, to be given the alias `k`, and the name of its only column.
    pub fn keys_table(
        self,
        keys: impl IntoIterator<Item = impl Into<i64>>,
    ) -> (FunctionCall, (&'static str, &'static str)) {
        let keys = Expr::val(self.list(keys));
        match self.0 {
            Database::Postgres => (Func::cust("unnest").arg(keys), ("k", "k")),
            Database::Sqlite => (Func::cust("json_each").arg(keys), ("k", "value")),
        }
    }

    /// Like [`Self::one_of`], for statements that are written as text: what follows the column, and the value of the
    /// parameter with this number.
    pub fn one_of_parameter(self, number: usize, keys: impl IntoIterator<Item = impl Into<i64>>) -> (String, Value) {
        let condition = match self.0 {
            Database::Postgres => format!("= ANY(${number})"),
            Database::Sqlite => format!("IN (SELECT value FROM json_each(${number}))"),
        };
        (condition, self.list(keys))
    }

    /// One parameter that holds the list: an array on `PostgreSQL`, JSON text on `SQLite`.
    pub fn list(self, keys: impl IntoIterator<Item = impl Into<i64>>) -> Value {
        let keys = keys.into_iter().map(Into::<i64>::into);
        match self.0 {
            Database::Postgres => Value::Array(ArrayType::BigInt, Some(Box::new(keys.map(Value::from).collect()))),
            Database::Sqlite => keys.collect::<serde_json::Value>().to_string().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder};

    use super::*;

    /// The text of the same statement for both databases, and how many parameters it has.
    fn both(statement: impl Fn(Dialect) -> SelectStatement) -> [(String, usize); 2] {
        let (postgres, values) = statement(Dialect::POSTGRES).build(PostgresQueryBuilder);
        let (sqlite, of_sqlite) = statement(Dialect::SQLITE).build(SqliteQueryBuilder);
        [(postgres, values.0.len()), (sqlite, of_sqlite.0.len())]
    }

    fn condition(condition: impl Fn(Dialect) -> Expr) -> [(String, usize); 2] {
        both(|dialect| Query::select().expr(Expr::cust("1")).and_where(condition(dialect)).take())
    }

    fn texts([postgres, sqlite]: [(String, usize); 2]) -> [String; 2] {
        [postgres.0, sqlite.0]
    }

    #[test]
    fn a_long_list_is_one_parameter() {
        assert_eq!(
            condition(|dialect| dialect.one_of("id", 1..=9)),
            [
                (r#"SELECT 1 WHERE "id" = ANY($1)"#.to_owned(), 1),
                (r#"SELECT 1 WHERE "id" IN (SELECT "value" FROM json_each(?) AS "k")"#.to_owned(), 1),
            ]
        );
        assert_eq!(
            texts(condition(|dialect| dialect.one_of_compared("id", 1..=9))),
            [
                r#"SELECT 1 WHERE "id" = ANY($1)"#,
                r#"SELECT 1 WHERE (+"id") IN (SELECT "value" FROM json_each(?) AS "k")"#,
            ]
        );
        assert_eq!(
            texts(condition(|dialect| dialect.one_of_texts(Expr::col("tag"), ["a".to_owned()]))),
            [
                r#"SELECT 1 WHERE "tag" = ANY($1)"#,
                r#"SELECT 1 WHERE "tag" IN (SELECT "value" FROM json_each(?) AS "k")"#,
            ]
        );
    }

    #[test]
    fn a_short_list_is_filled_to_a_power_of_two() {
        for (keys, parameters) in [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (8, 8)] {
            let [postgres, sqlite] = condition(|dialect| dialect.one_of("id", 1..=keys));
            assert_eq!([postgres.1, sqlite.1], [parameters; 2], "{keys}: {} {}", postgres.0, sqlite.0);
        }
        assert_eq!(condition(|dialect| dialect.one_of("id", [0; 0])).map(|(_, parameters)| parameters), [1; 2]);
    }

    #[test]
    fn pairs_are_compared_together() {
        assert_eq!(
            texts(condition(|dialect| dialect.one_of_pairs(["a", "b"], [(1, 2), (3, 4)]))),
            [
                r#"SELECT 1 WHERE ("a", "b") IN (SELECT * FROM unnest($1, $2) AS "k")"#,
                r#"SELECT 1 WHERE ("a", "b") IN (SELECT value ->> 0, value ->> 1 FROM json_each(?) AS "k")"#,
            ]
        );
        let [postgres, sqlite] = texts(condition(|dialect| dialect.one_of_pairs(["a", "b"], [(1, 2)])));
        assert_eq!(postgres, r#"SELECT 1 WHERE "a" = $1 AND "b" = $2"#);
        assert_eq!(sqlite, r#"SELECT 1 WHERE "a" = ? AND "b" = ?"#);
    }

    #[test]
    fn keys_are_a_table() {
        let statement = |dialect: Dialect| {
            let (keys, key) = dialect.keys_table([1, 2]);
            Query::select().column(key).from_function(keys, "k").take()
        };
        assert_eq!(
            texts(both(statement)),
            [r#"SELECT "k"."k" FROM unnest($1) AS "k""#, r#"SELECT "k"."value" FROM json_each(?) AS "k""#]
        );
    }

    #[test]
    fn a_text_gets_the_list_as_the_parameter_with_its_number() {
        let (postgres, keys) = Dialect::POSTGRES.one_of_parameter(2, [1, 2]);
        assert_eq!((postgres.as_str(), keys), ("= ANY($2)", vec![1_i64, 2].into()));
        let (sqlite, keys) = Dialect::SQLITE.one_of_parameter(2, [1, 2]);
        assert_eq!((sqlite.as_str(), keys), ("IN (SELECT value FROM json_each($2))", "[1,2]".into()));
    }
}
