//! What a search asks of the database.
//!
//! It can be asked in two ways, which find the same notes: of one note after the other, whether it holds what is wanted;
//! or of the index, which notes do. The first is fast where many notes do, the second where few do.
//!
//! Both ask which words a note holds. Where that is not enough, for words that follow each other and for notes with more
//! words than are indexed, they ask its parts as well.

use sea_orm::sea_query::{
    BinOper, CaseStatement, Expr, ExprTrait, Func, IntoColumnRef, JoinType, Query, SelectStatement, UnionType,
};
use sea_orm::{Condition, DatabaseBackend};

use super::index::Field;
use super::query::{Phrase, Search};
use crate::entity::{Sight, note};

/// The words of the note that a condition is about: a row of `search_note`.
const FOUND: &str = "found";

/// A search, as one viewer asks it of one database.
#[derive(Clone, Copy)]
pub struct Asked<'s> {
    pub search: &'s Search,
    pub sight: Sight,
    pub backend: DatabaseBackend,
}

impl Asked<'_> {
    /// Whether a row of the table `note` matches, found out from its words.
    pub fn of_each(self) -> Expr {
        if self.search.is_vain() {
            return Expr::val(false);
        }
        let has_words = self.words_match().add(self.phrases_match());
        let words = CaseStatement::new().case(is_full(), self.parts_match()).finally(has_words);
        let row = Query::select()
            .expr(words)
            .from_as("search_note", FOUND)
            .and_where(Expr::col((FOUND, "company_id")).eq(self.sight.company_id))
            .and_where(Expr::col((FOUND, "note_id")).equals((note::Entity, note::Column::Id)))
            .take();
        Expr::SubQuery(None, Box::new(row.into()))
    }

    /// Whether a row of the table `note` is one of those that the index knows.
    pub fn of_all(self) -> Condition {
        // What notes do not hold is in no index.
        if self.search.wanted.is_empty() {
            return Condition::all().add(self.of_each());
        }
        let is_found = Expr::col((note::Entity, note::Column::Id));
        let notes = self.notes();
        // As an array they are known before the list is read. As a condition among others they would be asked of one
        // note after the other in the order of the list, in the hope that a page is full before long: where no note has
        // all the words, that is all notes of the company.
        Condition::all().add(if self.backend == DatabaseBackend::Postgres {
            let array = Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(notes.into())));
            is_found.eq(Func::cust("ANY").arg(array))
        } else {
            is_found.in_subquery(notes)
        })
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
        let score = Func::coalesce([score.into(), Expr::cust("0")]);
        let parts = self.parts_of((note::Entity, note::Column::Id)).expr(score).take();
        Expr::SubQuery(None, Box::new(parts.into()))
    }

    /// The parts of these notes that hold some of what is wanted, and how much of it.
    pub fn parts(self) -> (Condition, Expr) {
        let wanted = &self.search.wanted;
        let any = wanted.iter().fold(Condition::any(), |any, phrase| any.add(self.is_in_this_part(phrase)));
        let hits = wanted.iter().map(|phrase| self.counted(phrase)).reduce(ExprTrait::add);
        (any, hits.unwrap_or_else(|| Expr::cust("0")))
    }

    /// The notes that match.
    fn notes(self) -> SelectStatement {
        let notes = || {
            let mut notes = Query::select();
            notes.column((FOUND, "note_id")).and_where(Expr::col((FOUND, "company_id")).eq(self.sight.company_id));
            notes
        };
        let mut indexed = notes();
        if self.backend == DatabaseBackend::Postgres {
            indexed.from_as("search_note", FOUND).and_where(holds(FOUND, self.words()));
        } else {
            let matches =
                Expr::col("search_word").binary(BinOper::Custom("MATCH"), self.search.fts5(self.sight.company_id));
            indexed
                .from("search_word")
                .and_where(matches)
                // CROSS JOIN: from the words to the notes, not the other way round.
                .join_as(JoinType::CrossJoin, "search_note", FOUND, Condition::all())
                .and_where(Expr::col((FOUND, "id")).equals(("search_word", "rowid")));
        }
        indexed.cond_where(self.phrases_match());
        let full = notes().from_as("search_note", FOUND).and_where(is_full()).cond_where(self.parts_match()).take();
        indexed.union(UnionType::All, full).take()
    }

    /// The note has all wanted words, and none of the unwanted ones.
    fn words_match(self) -> Condition {
        let Search { wanted, unwanted } = self.search;
        if self.backend == DatabaseBackend::Postgres {
            // An empty query would match nothing.
            let is_empty = wanted.is_empty() && !unwanted.iter().any(Phrase::is_word);
            return Condition::all().add_option((!is_empty).then(|| holds(FOUND, once(self.words()))));
        }
        let all = wanted.iter().flat_map(Phrase::word_needles);
        let none = unwanted.iter().filter(|phrase| phrase.is_word()).flat_map(Phrase::word_needles);
        let all = all.fold(Condition::all(), |all, word| all.add(has(FOUND, word)));
        none.fold(all, |all, word| all.add(has(FOUND, word).not()))
    }

    /// The words of wanted phrases follow each other in some part, those of unwanted ones in none.
    fn phrases_match(self) -> Condition {
        self.some_parts_match(|phrase| !phrase.is_word())
    }

    /// All that is wanted is in some part, and nothing unwanted.
    fn parts_match(self) -> Condition {
        self.some_parts_match(|_| true)
    }

    fn some_parts_match(self, asked: fn(&Phrase) -> bool) -> Condition {
        let Search { wanted, unwanted } = self.search;
        let [wanted, unwanted] = [wanted, unwanted].map(|phrases| phrases.iter().filter(|phrase| asked(phrase)));
        let all = wanted.fold(Condition::all(), |all, phrase| all.add(self.some_part_with(phrase).is_not_null()));
        unwanted.fold(all, |all, phrase| all.add(self.some_part_with(phrase).is_null()))
    }

    /// 1 where a part of the note holds the phrase, else nothing; no part behind it is looked at. (EXISTS would say the
    /// same, but `PostgreSQL` makes a join of it, and reads the parts of all notes.)
    fn some_part_with(self, phrase: &Phrase) -> Expr {
        let mut parts = self.parts_of((FOUND, "note_id"));
        let part = parts.expr(Expr::cust("1")).and_where(self.is_in_this_part(phrase)).limit(1).take();
        Expr::SubQuery(None, Box::new(part.into()))
    }

    fn parts_of(self, note_id: impl IntoColumnRef) -> SelectStatement {
        Query::select()
            .from_as("search_part", "part")
            .and_where(Expr::col(("part", "company_id")).eq(self.sight.company_id))
            .and_where(Expr::col(("part", "note_id")).equals(note_id))
            .take()
    }

    /// 1 where a part holds the phrase, else 0.
    fn counted(self, phrase: &Phrase) -> Expr {
        CaseStatement::new().case(self.is_in_this_part(phrase), Expr::cust("1")).finally(Expr::cust("0")).into()
    }

    /// A part holds the phrase.
    fn is_in_this_part(self, phrase: &Phrase) -> Expr {
        if self.backend == DatabaseBackend::Postgres {
            return holds("part", once(tsquery(phrase.tsquery(self.sight.company_id))));
        }
        has("part", phrase.needle())
    }

    fn words(self) -> Expr {
        tsquery(self.search.tsquery(self.sight.company_id))
    }
}

/// The note has more words than are indexed.
fn is_full() -> Expr {
    Expr::col((FOUND, "words")).is_null()
}

fn holds(table: &'static str, tsquery: Expr) -> Expr {
    Expr::col((table, "words")).binary(BinOper::Custom("@@"), tsquery)
}

fn tsquery(text: String) -> Expr {
    Expr::val(text).cast_as("tsquery")
}

/// Where one row after the other is looked at, the text of the query is read once so, and not for each.
fn once(tsquery: Expr) -> Expr {
    Expr::SubQuery(None, Box::new(Query::select().expr(tsquery).take().into()))
}

fn has(table: &'static str, needle: String) -> Expr {
    Expr::from(Func::cust("instr").arg(Expr::col((table, "words"))).arg(needle)).gt(Expr::cust("0"))
}
