//! What a search asks of the database.
//!
//! It can be asked in two ways, which find the same notes: of one note after the other, whether its parts hold what is
//! wanted; or of the index, which notes do. The first is fast where many notes do, the second where few do.

use sea_orm::sea_query::{BinOper, CaseStatement, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};
use sea_orm::{Condition, DatabaseBackend};

use super::index::Field;
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
        let all = Condition::all();
        let all = wanted.iter().fold(all, |all, phrase| all.add(self.some_part_with(phrase).is_not_null()));
        unwanted.iter().fold(all, |all, phrase| all.add(self.some_part_with(phrase).is_null())).into()
    }

    /// Whether a row of the table `note` is one of those that the index knows.
    pub fn of_all(self) -> Condition {
        let Search { wanted, unwanted } = self.search;
        if self.search.is_vain() {
            return Condition::all().add(Expr::val(false));
        }
        let id = || Expr::col((note::Entity, note::Column::Id));
        let all = Condition::all();
        if self.backend == DatabaseBackend::Postgres {
            let lacks = |phrase| self.some_part_with(phrase).is_null();
            let all = unwanted.iter().fold(all, |all, phrase| all.add(lacks(phrase)));
            let notes = wanted.iter().rev().fold(None, |notes: Option<SelectStatement>, phrase| {
                let mut with = self.notes_with(phrase);
                if let Some(notes) = notes {
                    with.and_where(Expr::col(("part", "note_id")).in_subquery(notes));
                }
                Some(with)
            });
            // As an array they are known before the list is read. As a condition among others they would be asked of one
            // note after the other in the order of the list, in the hope that a page is full before long: where no note has
            // all the words, that is all notes of the company.
            return notes.into_iter().fold(all, |all, notes| {
                let array = Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(notes.into())));
                all.add(id().eq(Func::cust("ANY").arg(array)))
            });
        }
        let all = wanted.iter().fold(all, |all, phrase| all.add(id().in_subquery(self.notes_with(phrase))));
        unwanted.iter().fold(all, |all, phrase| all.add(id().not_in_subquery(self.notes_with(phrase))))
    }

    /// How well a row of the table `note` matches: for each of its parts, and each wanted word or phrase in that, the
    /// weight of the part's field.
    pub fn relevance(self) -> Expr {
        let hits = self.search.wanted.iter().map(|phrase| self.counted(phrase)).reduce(ExprTrait::add);
        let Some(hits) = hits else { return Expr::cust("0") };
        let weight =
            [Field::Subject, Field::Details, Field::Message].into_iter().fold(CaseStatement::new(), |case, field| {
                let is_field = Expr::col(("part", "field")).eq(Expr::cust(field.number().to_string()));
                case.case(is_field, Expr::cust(field.weight().to_string()))
            });
        let score = Func::sum(Expr::Case(Box::new(weight)).mul(hits));
        self.about_parts(Func::coalesce([score.into(), Expr::cust("0")]).into())
    }

    /// The parts of these notes that hold some of what is wanted, and how much of it.
    pub fn parts(self) -> (Condition, Expr) {
        let wanted = &self.search.wanted;
        let any = wanted.iter().fold(Condition::any(), |any, phrase| any.add(self.is_in_part(phrase)));
        let hits = wanted.iter().map(|phrase| self.counted(phrase)).reduce(ExprTrait::add);
        (any, hits.unwrap_or_else(|| Expr::cust("0")))
    }

    /// An aggregate over the parts of a row of the table `note`.
    fn about_parts(self, aggregate: Expr) -> Expr {
        let parts = self.parts_of_note().expr(aggregate).take();
        Expr::SubQuery(None, Box::new(parts.into()))
    }

    fn parts_of_note(self) -> SelectStatement {
        Query::select()
            .from_as("search_part", "part")
            .and_where(Expr::col(("part", "company_id")).eq(self.sight.company_id))
            .and_where(Expr::col(("part", "note_id")).equals((note::Entity, note::Column::Id)))
            .take()
    }

    /// 1 where a part of a row of the table `note` holds the phrase, else nothing; no part behind it is looked at. (EXISTS
    /// would say the same, but `PostgreSQL` makes a join of it, and asks the index for all notes that hold it.)
    fn some_part_with(self, phrase: &Phrase) -> Expr {
        let part = self.parts_of_note().expr(Expr::cust("1")).and_where(self.is_in_this_part(phrase)).limit(1).take();
        Expr::SubQuery(None, Box::new(part.into()))
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
        CaseStatement::new().case(self.is_in_this_part(phrase), Expr::cust("1")).finally(Expr::cust("0")).into()
    }

    /// As one of the conditions that the index answers.
    fn is_in_part(self, phrase: &Phrase) -> Expr {
        if self.backend == DatabaseBackend::Postgres { holds(self.tsquery(phrase)) } else { has(phrase) }
    }

    /// The same, of one part after the other: the text of the query is read once, and not for each part.
    fn is_in_this_part(self, phrase: &Phrase) -> Expr {
        if self.backend == DatabaseBackend::Postgres {
            let once = Query::select().expr(self.tsquery(phrase)).take();
            return holds(Expr::SubQuery(None, Box::new(once.into())));
        }
        has(phrase)
    }

    fn tsquery(self, phrase: &Phrase) -> Expr {
        Expr::val(phrase.tsquery(self.sight.company_id)).cast_as("tsquery")
    }
}

fn holds(tsquery: Expr) -> Expr {
    Expr::col(("part", "words")).binary(BinOper::Custom("@@"), tsquery)
}

fn has(phrase: &Phrase) -> Expr {
    Expr::from(Func::cust("instr").arg(Expr::col(("part", "words"))).arg(phrase.needle())).gt(Expr::cust("0"))
}
