use sea_orm::sea_query::{Expr, Func};

use super::{Database, Dialect};

impl Dialect {
    /// The position of a part in a text, in characters from 1; 0 if the text does not contain it.
    pub fn position(self, text: Expr, part: String) -> Expr {
        let function = match self.0 {
            Database::Postgres => Func::cust("strpos"),
            Database::Sqlite => Func::cust("instr"),
        };
        Expr::from(function.arg(text).arg(part))
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{PostgresQueryBuilder, Query, SqliteQueryBuilder};

    use super::*;

    #[test]
    fn each_database_has_a_name_for_it() {
        let select = |dialect: Dialect| Query::select().expr(dialect.position(Expr::col("a"), "b".to_owned())).take();
        assert_eq!(select(Dialect::POSTGRES).to_string(PostgresQueryBuilder), r#"SELECT strpos("a", 'b')"#);
        assert_eq!(select(Dialect::SQLITE).to_string(SqliteQueryBuilder), r#"SELECT instr("a", 'b')"#);
    }
}
