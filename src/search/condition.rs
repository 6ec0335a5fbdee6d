//! What a search asks of the database.
//!
//! It can be asked in two ways, which find the same notes: of one note after the other, whether it holds what is wanted
//! ([`Asked::of_each`]); or of the index, which notes may ([`Asked::candidates`]), and then of each of these, whether it
//! does ([`Asked::confirmed`]). The first is fast where many notes do, the second where few do.
//!
//! Both ask which words a note holds. Where that is not enough, for words that follow each other and for notes with more
//! words than are indexed, they ask its parts as well: texts of a note are read only where the viewer sees the note.

use sea_orm::sea_query::{
    BinOper, CaseStatement, Expr, ExprTrait, Func, IntoColumnRef, JoinType, Query, SelectStatement, UnionType,
};
use sea_orm::{Condition, DatabaseBackend};

use super::index::Field;
use super::query::{Phrase, Search};
use crate::entity::{Sight, note};

/// The words of the note that a condition is about: a row of `search_note`.
const FOUND: &str = "found";

/// The work on one note, in units of about a microsecond: reading its row of words, and what each word and each phrase
/// takes.
const ROW: u64 = 3;
const WORDS: u64 = 8;
const PHRASE: u64 = 10;
/// The work on each part of a note, and how many there are, about.
const PART: u64 = 2;
const PARTS: u64 = 5;

/// A search, as one viewer asks it of one database.
#[derive(Clone, Copy)]
pub struct Asked<'s> {
    pub search: &'s Search,
    pub sight: Sight,
    pub backend: DatabaseBackend,
}

impl<'s> Asked<'s> {
    /// Whether a row of the table `note` matches, found out from its words; and the work on one.
    pub fn of_each(self) -> (Expr, u64) {
        if self.search.is_vain() {
            return (Expr::val(false), 0);
        }
        let has_words = self.words_match().add(self.phrases_match());
        let words: usize = self.phrases().map(|phrase| phrase.words.len()).sum();
        let weight = ROW + words as u64 / WORDS + PHRASE * self.longer();
        (self.in_row(CaseStatement::new().case(is_full(), self.parts_match()).finally(has_words)), weight)
    }

    /// Whether a row of the table `note` is one of those that the index knows to hold all wanted words; `None`, where no
    /// word is wanted: what notes do not hold is in no index.
    pub fn candidates(self) -> Option<Expr> {
        if self.search.wanted.is_empty() {
            return None;
        }
        let is_found = Expr::col((note::Entity, note::Column::Id));
        let notes = self.notes();
        // As an array they are known before the list is read. As a condition among others they would be asked of one
        // note after the other in the order of the list, in the hope that a page is full before long: where no note has
        // all the words, that is all notes of the company.
        Some(if self.backend == DatabaseBackend::Postgres {
            let array = Func::cust("ARRAY").arg(Expr::SubQuery(None, Box::new(notes.into())));
            is_found.eq(Func::cust("ANY").arg(array))
        } else {
            is_found.in_subquery(notes)
        })
    }

    /// Whether a row of the table `note` that is a candidate matches; and the work on one.
    pub fn confirmed(self) -> (Expr, u64) {
        if self.longer() == 0 {
            // The index has answered, but of the few notes with more words than it holds.
            let full = self.noted().from_as("search_note", FOUND).and_where(is_full()).take();
            let is_full = Expr::col((note::Entity, note::Column::Id)).in_subquery(full);
            let parts = self.in_row(CaseStatement::new().case(self.parts_match(), true).finally(false));
            return (CaseStatement::new().case(is_full, parts).finally(true).into(), 0);
        }
        let of_words = CaseStatement::new().case(is_full(), self.parts_match()).finally(self.phrases_match());
        (self.in_row(of_words), ROW + PHRASE * self.longer())
    }

    /// What is found out from the row of words that belongs to a row of the table `note`.
    fn in_row(self, found: CaseStatement) -> Expr {
        let row = Query::select()
            .expr(found)
            .from_as("search_note", FOUND)
            .and_where(Expr::col((FOUND, "company_id")).eq(self.sight.company_id))
            .and_where(Expr::col((FOUND, "note_id")).equals((note::Entity, note::Column::Id)))
            .take();
        Expr::SubQuery(None, Box::new(row.into()))
    }

    fn phrases(self) -> impl Iterator<Item = &'s Phrase> {
        self.search.wanted.iter().chain(&self.search.unwanted)
    }

    /// How many phrases have several words.
    fn longer(self) -> u64 {
        self.phrases().filter(|phrase| !phrase.is_word()).count() as u64
    }

    /// The work of [`Asked::relevance`] on one note.
    pub fn relevance_weight(self) -> u64 {
        ROW + PARTS * (PART + self.search.wanted.len() as u64)
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

    /// The notes that have all wanted words, and none of the unwanted ones; and those with more words than are indexed.
    fn notes(self) -> SelectStatement {
        let mut indexed = self.noted();
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
        let full = self.noted().from_as("search_note", FOUND).and_where(is_full()).take();
        indexed.union(UnionType::All, full).take()
    }

    /// Notes by their rows of words, from no table yet.
    fn noted(self) -> SelectStatement {
        let mut notes = Query::select();
        notes.column((FOUND, "note_id")).and_where(Expr::col((FOUND, "company_id")).eq(self.sight.company_id));
        notes
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

    /// The words of wanted phrases follow each other in some part, those of unwanted ones in none. The note has all wanted
    /// words; parts are read only where it has those of the unwanted phrase, too.
    fn phrases_match(self) -> Condition {
        let Search { wanted, unwanted } = self.search;
        let [wanted, unwanted] = [wanted, unwanted].map(|phrases| phrases.iter().filter(|phrase| !phrase.is_word()));
        let all = wanted.fold(Condition::all(), |all, phrase| all.add(self.some_part_with(phrase).is_not_null()));
        let all = unwanted.fold(all, |all, phrase| {
            let is_held = self.some_part_with(phrase).is_not_null();
            let is_held = CaseStatement::new().case(self.has_words_of(phrase), is_held).finally(false);
            all.add(Expr::Case(Box::new(is_held)).not())
        });
        // A condition of nothing is no expression.
        if all.is_empty() { all.add(Expr::val(true)) } else { all }
    }

    /// All that is wanted is in some part, and nothing unwanted.
    fn parts_match(self) -> Condition {
        let Search { wanted, unwanted } = self.search;
        let all =
            wanted.iter().fold(Condition::all(), |all, phrase| all.add(self.some_part_with(phrase).is_not_null()));
        unwanted.iter().fold(all, |all, phrase| all.add(self.some_part_with(phrase).is_null()))
    }

    /// The note has the words of a phrase, wherever they stand.
    fn has_words_of(self, phrase: &Phrase) -> Condition {
        if self.backend == DatabaseBackend::Postgres {
            let words = tsquery(phrase.tsquery_of(self.sight.company_id, " & "));
            return Condition::all().add(holds(FOUND, once(words)));
        }
        phrase.word_needles().fold(Condition::all(), |all, word| all.add(has(FOUND, word)))
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
