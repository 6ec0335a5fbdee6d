//! Conditions on the rows of the index.

use sea_orm::Condition;
use sea_orm::sea_query::{BinOper, Expr, ExprTrait, JoinType, SelectStatement};

use super::{WordQuery, WordSequence, postgres, sqlite};
use crate::ids::CompanyId;
use crate::store::db::dialect::{Database, Dialect};

impl Dialect {
    /// The condition that a row of `search_note`, which has the alias `table`, matches a query.
    pub fn note_matches(self, table: &'static str, query: &WordQuery<'_>) -> Condition {
        match self.0 {
            Database::Postgres => {
                // An empty query would match nothing.
                let is_empty = query.required.is_empty() && query.excluded.is_empty();
                if is_empty {
                    return Condition::all();
                }
                let text = postgres::tsquery(postgres::query_text(query));
                Condition::all().add(postgres::holds(table, postgres::once(text)))
            }
            Database::Sqlite => {
                let all = query.required.iter().copied().flat_map(sqlite::word_needles);
                let none = query.excluded.iter().copied().flat_map(sqlite::word_needles);
                let all = all.fold(Condition::all(), |all, word| all.add(sqlite::has(self, table, word)));
                none.fold(all, |all, word| all.add(sqlite::has(self, table, word).not()))
            }
        }
    }

    /// The condition that a row of `search_part`, which has the alias `table`, contains a sequence of words.
    pub fn part_contains(self, table: &'static str, company_id: CompanyId, sequence: WordSequence<'_>) -> Expr {
        match self.0 {
            Database::Postgres => {
                let text = postgres::tsquery(postgres::sequence_text(sequence, company_id));
                postgres::holds(table, postgres::once(text))
            }
            Database::Sqlite => sqlite::has(self, table, sqlite::needle(sequence)),
        }
    }

    /// Adds `search_note`, under the alias `table`, to a statement without a table: the rows that match a query, found
    /// by the index. The query has at least one required word, as an index finds nothing by words that a note lacks.
    pub fn select_notes_with_words(self, select: &mut SelectStatement, table: &'static str, query: &WordQuery<'_>) {
        match self.0 {
            Database::Postgres => {
                let text = postgres::tsquery(postgres::query_text(query));
                select.from_as("search_note", table).and_where(postgres::holds(table, text));
            }
            Database::Sqlite => {
                let matches = Expr::col("search_word").binary(BinOper::Custom("MATCH"), sqlite::query_text(query));
                select
                    .from("search_word")
                    .and_where(matches)
                    // CROSS JOIN makes SQLite go from the words to the notes, not the other way round.
                    .join_as(JoinType::CrossJoin, "search_note", table, Condition::all())
                    .and_where(Expr::col((table, "id")).equals(("search_word", "rowid")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{PostgresQueryBuilder, Query, SqliteQueryBuilder};

    use super::*;

    fn both(statement: impl Fn(Dialect) -> SelectStatement) -> [String; 2] {
        let [postgres, sqlite] = [Dialect::POSTGRES, Dialect::SQLITE].map(statement);
        [postgres.to_string(PostgresQueryBuilder), sqlite.to_string(SqliteQueryBuilder)]
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().copied().map(str::to_owned).collect()
    }

    #[test]
    fn a_note_has_the_required_words_and_not_the_excluded_ones() {
        let [late, invoice, paid] = [words(&["too", "late"]), words(&["invo"]), words(&["paid"])];
        let query = WordQuery {
            company_id: CompanyId(7),
            required: vec![
                WordSequence { words: &late, prefix: false },
                WordSequence { words: &invoice, prefix: true },
            ],
            excluded: vec![WordSequence { words: &paid, prefix: false }],
        };
        assert_eq!(
            both(|dialect| Query::select().expr(Expr::cust("1")).cond_where(dialect.note_matches("n", &query)).take()),
            [
                concat!(
                    r#"SELECT 1 WHERE "n"."words" @@ "#,
                    r"(SELECT CAST(E'\'7_too\' & \'7_late\' & \'7_invo\':* & !\'7_paid\'' AS tsquery))",
                ),
                concat!(
                    r#"SELECT 1 WHERE instr("n"."words", ' too ') > (0) AND instr("n"."words", ' late ') > (0) "#,
                    r#"AND instr("n"."words", ' invo') > (0) AND (NOT instr("n"."words", ' paid ') > (0))"#,
                ),
            ]
        );
        let found = |dialect: Dialect| {
            let mut found = Query::select().column(("n", "note_id")).take();
            dialect.select_notes_with_words(&mut found, "n", &query);
            found
        };
        assert_eq!(
            both(found),
            [
                concat!(
                    r#"SELECT "n"."note_id" FROM "search_note" AS "n" WHERE "n"."words" @@ "#,
                    r"CAST(E'\'7_too\' & \'7_late\' & \'7_invo\':* & !\'7_paid\'' AS tsquery)",
                ),
                concat!(
                    r#"SELECT "n"."note_id" FROM "search_word" CROSS JOIN "search_note" AS "n" "#,
                    r#"WHERE ("search_word" MATCH '("7_too" AND "7_late" AND "7_invo" *) NOT "7_paid"') "#,
                    r#"AND "n"."id" = "search_word"."rowid""#,
                ),
            ]
        );
    }

    #[test]
    fn a_part_contains_words_one_after_the_other() {
        let late = words(&["too", "la"]);
        let contains = |prefix| {
            both(|dialect| {
                let sequence = WordSequence { words: &late, prefix };
                Query::select()
                    .expr(Expr::cust("1"))
                    .and_where(dialect.part_contains("part", CompanyId(7), sequence))
                    .take()
            })
        };
        assert_eq!(
            contains(false),
            [
                r#"SELECT 1 WHERE "part"."words" @@ (SELECT CAST(E'\'7_too\' <-> \'7_la\'' AS tsquery))"#,
                r#"SELECT 1 WHERE instr("part"."words", ' too la ') > (0)"#,
            ]
        );
        assert_eq!(
            contains(true),
            [
                r#"SELECT 1 WHERE "part"."words" @@ (SELECT CAST(E'\'7_too\' <-> \'7_la\':*' AS tsquery))"#,
                r#"SELECT 1 WHERE instr("part"."words", ' too la') > (0)"#,
            ]
        );
    }

    #[test]
    fn a_query_without_words_matches_every_note() {
        let query = WordQuery { company_id: CompanyId(7), required: Vec::new(), excluded: Vec::new() };
        for dialect in [Dialect::POSTGRES, Dialect::SQLITE] {
            assert!(dialect.note_matches("n", &query).is_empty());
        }
    }
}
