//! Joins that look up the rows for each row before them. `SQLite` has no LATERAL.

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, SelectStatement};
use sea_orm::{Condition, EntityTrait};

use super::{Database, Dialect};

impl Dialect {
    /// Joins to each row of `all` the rows of a table that `each` finds for it: `each` may name columns of `all`, and
    /// be limited. `id` is unique among the rows with the condition `of_company`.
    pub fn join_each<E: EntityTrait>(
        self,
        all: &mut SelectStatement,
        mut each: SelectStatement,
        id: E::Column,
        of_company: Expr,
    ) {
        let table = E::default();
        match self.0 {
            Database::Postgres => {
                all.join_lateral(JoinType::InnerJoin, each, table, Condition::all().add(Expr::val(true)));
            }
            Database::Sqlite => {
                // The limit is in a subquery that finds the rows for one row. CROSS JOIN makes SQLite look these up for
                // each row, instead of looking for the rows of each row of the company.
                each.clear_selects().column((table, id));
                let condition = Condition::all().add(of_company).add(Expr::col((table, id)).in_subquery(each));
                all.join(JoinType::CrossJoin, table, Condition::all()).cond_where(condition);
            }
        }
    }

    /// Like [`Self::join_each`], for statements that are written as text: `condition` names the columns of the table,
    /// and those of the tables before the join.
    ///
    /// The rows are looked up in an index for each row before the join. Otherwise `PostgreSQL` may read all rows of the
    /// company to join them, which seems cheap until the table has statistics; OFFSET 0 keeps the subquery separate. On
    /// `SQLite` CROSS JOIN does the same.
    pub fn look_up_each(self, table: &str, condition: &str) -> String {
        match self.0 {
            Database::Postgres => {
                format!("CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {condition} OFFSET 0) AS {table}")
            }
            Database::Sqlite => format!("CROSS JOIN {table} ON {condition}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ColumnTrait;
    use sea_orm::sea_query::{PostgresQueryBuilder, Query, SqliteQueryBuilder};

    use super::*;
    use crate::store::entity::note;

    fn joined(dialect: Dialect) -> SelectStatement {
        let each = Query::select()
            .column((note::Entity, note::Column::Subject))
            .from(note::Entity)
            .and_where(Expr::col((note::Entity, note::Column::UserId)).equals(("k", "k")))
            .limit(2)
            .take();
        let mut all = Query::select().column((note::Entity, note::Column::Subject)).from("k").take();
        dialect.join_each::<note::Entity>(&mut all, each, note::Column::Id, note::Column::CompanyId.eq(1));
        all
    }

    #[test]
    fn each_row_gets_its_own() {
        assert_eq!(
            joined(Dialect::POSTGRES).to_string(PostgresQueryBuilder),
            "SELECT \"note\".\"subject\" FROM \"k\" INNER JOIN LATERAL (SELECT \"note\".\"subject\" FROM \"note\" \
             WHERE \"note\".\"user_id\" = \"k\".\"k\" LIMIT 2) AS \"note\" ON TRUE"
        );
        assert_eq!(
            joined(Dialect::SQLITE).to_string(SqliteQueryBuilder),
            "SELECT \"note\".\"subject\" FROM \"k\" CROSS JOIN \"note\" WHERE \"note\".\"company_id\" = 1 AND \
             \"note\".\"id\" IN (SELECT \"note\".\"id\" FROM \"note\" WHERE \"note\".\"user_id\" = \"k\".\"k\" LIMIT 2)"
        );
    }

    #[test]
    fn a_text_looks_up_each_row() {
        assert_eq!(
            Dialect::POSTGRES.look_up_each("message", "message.note_id = k.note_id"),
            "CROSS JOIN LATERAL (SELECT * FROM message WHERE message.note_id = k.note_id OFFSET 0) AS message"
        );
        assert_eq!(
            Dialect::SQLITE.look_up_each("message", "message.note_id = k.note_id"),
            "CROSS JOIN message ON message.note_id = k.note_id"
        );
    }
}
