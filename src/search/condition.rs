//! What a search asks of the database.
//!
//! It can be asked in two ways, which find the same notes: of one note after the other, whether its parts hold what is
//! wanted; or of the index, which notes do. The first is fast where many notes do, the second where few do.

use sea_orm::sea_query::{BinOper, CaseStatement, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};
use sea_orm::{Condition, DatabaseBackend};

use super::query::{Phrase, Search};
use crate::entity::{Sight, note};

/// A search, as one viewer asks it of one database.
#[derive(Clone, Copy)]
pub struct Asked<'s> {
    pub search: &'s Search,
    pub sight: Sight,
    pub backend: DatabaseBackend,
}

impl Asked<'_> {
    /// Whether a row of the table `note` matches, found out from the parts of that note.
    pub fn of_each(self) -> Expr {
        let Search { wanted, unwanted } = self.search;
        if self.search.is_vain() {
            return Expr::val(false);
        }
        let found = |phrase, is_wanted: bool| {
            let somewhere = Func::coalesce([Func::max(self.counted(phrase)).into(), Expr::cust("0")]);
            Expr::from(somewhere).eq(Expr::cust(if is_wanted { "1" } else { "0" }))
        };
        let all = Condition::all();
        let all = wanted.iter().fold(all, |all, phrase| all.add(found(phrase, true)));
        let all = unwanted.iter().fold(all, |all, phrase| all.add(found(phrase, false)));
        self.about_parts(all.into())
    }

    /// Whether a row of the table `note` is one of those that the index knows.
    pub fn of_all(self) -> Condition {
        let Search { wanted, unwanted } = self.search;
        if self.search.is_vain() {
            return Condition::all().add(Expr::val(false));
        }
        let id = || Expr::col((note::Entity, note::Column::Id));
        let all = Condition::all();
        let all = wanted.iter().fold(all, |all, phrase| all.add(id().in_subquery(self.notes_with(phrase))));
        unwanted.iter().fold(all, |all, phrase| all.add(id().not_in_subquery(self.notes_with(phrase))))
    }

    /// The parts of these notes that hold some of what is wanted, and how much of it.
    pub fn parts(self) -> (Condition, Expr) {
        let wanted = &self.search.wanted;
        let any = wanted.iter().fold(Condition::any(), |any, phrase| any.add(self.is_in_part(phrase)));
        let hits = wanted.iter().map(|phrase| self.counted(phrase)).reduce(ExprTrait::add);
        (any, hits.unwrap_or_else(|| Expr::cust("0")))
    }

    /// An aggregate over the parts of a note.
    fn about_parts(self, aggregate: Expr) -> Expr {
        let parts = Query::select()
            .expr(aggregate)
            .from_as("search_part", "part")
            .and_where(Expr::col(("part", "company_id")).eq(self.sight.company_id))
            .and_where(Expr::col(("part", "note_id")).equals((note::Entity, note::Column::Id)))
            .take();
        Expr::SubQuery(None, Box::new(parts.into()))
    }

    fn notes_with(self, phrase: &Phrase) -> SelectStatement {
        let company = self.sight.company_id;
        let mut notes = Query::select();
        notes.column(("part", "note_id")).and_where(Expr::col(("part", "company_id")).eq(company));
        if self.backend == DatabaseBackend::Postgres {
            notes.from_as("search_part", "part").and_where(self.is_in_part(phrase));
        } else {
            let matches = Expr::col("search_word").binary(BinOper::Custom("MATCH"), phrase.fts5(company));
            notes
                .from("search_word")
                .and_where(matches)
                // CROSS JOIN: from the words to the parts, not the other way round.
                .join_as(JoinType::CrossJoin, "search_part", "part", Condition::all())
                .and_where(Expr::col(("part", "id")).equals(("search_word", "rowid")));
        }
        notes
    }

    /// 1 where a part holds the phrase, else 0.
    fn counted(self, phrase: &Phrase) -> Expr {
        CaseStatement::new().case(self.is_in_part(phrase), Expr::cust("1")).finally(Expr::cust("0")).into()
    }

    fn is_in_part(self, phrase: &Phrase) -> Expr {
        let words = Expr::col(("part", "words"));
        if self.backend == DatabaseBackend::Postgres {
            let query = Expr::val(phrase.tsquery(self.sight.company_id)).cast_as("tsquery");
            return words.binary(BinOper::Custom("@@"), query);
        }
        Expr::from(Func::cust("instr").arg(words).arg(phrase.needle())).gt(Expr::cust("0"))
    }
}
