//! Turns a search into SQL conditions.
//!
//! There are two ways, which find the same notes: check whether each note matches ([`SearchCondition::of_each`]); or get
//! candidates from the index ([`SearchCondition::candidates`]), and check each of these ([`SearchCondition::confirmed`]). The first is fast
//! if many notes match, the second if few do.
//!
//! Both check the words of a note. For phrases, and for notes with more words than are indexed, they also check its
//! parts: texts of a note are read only if the viewer sees the note.

use sea_orm::Condition;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, IntoColumnRef, Query, SelectStatement, UnionType};

use super::part::TextField;
use super::query::{Phrase, Search};
use crate::store::AccessScope;
use crate::store::db::Dialect;
use crate::store::db::full_text::WordQuery;
use crate::store::entity::note;

/// The alias of the row in `search_note` that has the words of a note.
const FOUND: &str = "found";

/// The work per note, in units of about a microsecond: reading its row of words (`ROW`), the number of words that add
/// one unit (`WORDS`), and the work per phrase.
const ROW: u64 = 3;
const WORDS: u64 = 8;
const PHRASE: u64 = 10;
/// The work per part of a note, and the approximate number of parts.
const PART: u64 = 2;
const PARTS: u64 = 5;

/// A search by one viewer on one database.
#[derive(Clone, Copy)]
pub struct SearchCondition<'s> {
    pub search: &'s Search,
    pub access: AccessScope,
    pub dialect: Dialect,
}

impl<'s> SearchCondition<'s> {
    /// The condition that a row of the table `note` matches, checked with its words; and its weight.
    pub fn of_each(self) -> (Expr, u64) {
        if self.search.matches_nothing() {
            return (Expr::val(false), 0);
        }
        let has_words = self.words_match().add(self.phrases_match());
        let words: usize = self.phrases().map(|phrase| phrase.words.len()).sum();
        let weight = ROW + words as u64 / WORDS + PHRASE * self.longer();
        (self.in_row(CaseStatement::new().case(is_full(), self.parts_match()).finally(has_words)), weight)
    }

    /// The condition that a row of the table `note` is among those that have all required words by the index; `None` if
    /// no word is required, because an index cannot find notes by words that they lack.
    pub fn candidates(self) -> Option<Expr> {
        if self.search.required.is_empty() {
            return None;
        }
        Some(self.dialect.one_of_found_first(Expr::col((note::Entity, note::Column::Id)), self.notes()))
    }

    /// The condition that a candidate row of the table `note` matches; and its weight.
    pub fn confirmed(self) -> (Expr, u64) {
        if self.longer() == 0 {
            // The index has decided already, except for the few notes with more words than it holds.
            let full = self.noted().from_as("search_note", FOUND).and_where(is_full()).take();
            let is_full = Expr::col((note::Entity, note::Column::Id)).in_subquery(full);
            let parts = self.in_row(CaseStatement::new().case(self.parts_match(), true).finally(false));
            return (CaseStatement::new().case(is_full, parts).finally(true).into(), 0);
        }
        let of_words = CaseStatement::new().case(is_full(), self.parts_match()).finally(self.phrases_match());
        (self.in_row(of_words), ROW + PHRASE * self.longer())
    }

    /// Evaluates an expression on the row of words of a row in the table `note`.
    fn in_row(self, found: CaseStatement) -> Expr {
        let row = Query::select()
            .expr(found)
            .from_as("search_note", FOUND)
            .and_where(Expr::col((FOUND, "company_id")).eq(self.access.company_id))
            .and_where(Expr::col((FOUND, "note_id")).equals((note::Entity, note::Column::Id)))
            .take();
        Expr::SubQuery(None, Box::new(row.into()))
    }

    fn phrases(self) -> impl Iterator<Item = &'s Phrase> {
        self.search.required.iter().chain(&self.search.excluded)
    }

    /// The number of phrases with several words.
    fn longer(self) -> u64 {
        self.phrases().filter(|phrase| !phrase.is_word()).count() as u64
    }

    /// The weight of [`SearchCondition::relevance`] per note.
    pub fn relevance_weight(self) -> u64 {
        ROW + PARTS * (PART + self.search.required.len() as u64)
    }

    /// The score of a row of the table `note`: for each of its parts, the weight of the part's field for each required
    /// word or phrase in it.
    pub fn relevance(self) -> Expr {
        let hits = self.search.required.iter().map(|phrase| self.counted(phrase)).reduce(ExprTrait::add);
        let Some(hits) = hits else { return Expr::cust("0") };
        let weight = [TextField::Subject, TextField::Details, TextField::Message].into_iter().fold(
            CaseStatement::new(),
            |case, field| {
                let is_field = Expr::col(("part", "field")).eq(Expr::cust(field.number().to_string()));
                case.case(is_field, Expr::cust(field.weight().to_string()))
            },
        );
        let score = Func::sum(Expr::Case(Box::new(weight)).mul(hits));
        let score = Func::coalesce([score.into(), Expr::cust("0")]);
        let parts = self.parts_of((note::Entity, note::Column::Id)).expr(score).take();
        Expr::SubQuery(None, Box::new(parts.into()))
    }

    /// The condition for parts that contain some required words or phrases, and the number of these.
    pub fn parts(self) -> (Condition, Expr) {
        let required = &self.search.required;
        let any = required.iter().fold(Condition::any(), |any, phrase| any.add(self.is_in_this_part(phrase)));
        let hits = required.iter().map(|phrase| self.counted(phrase)).reduce(ExprTrait::add);
        (any, hits.unwrap_or_else(|| Expr::cust("0")))
    }

    /// Selects the notes that have all required words and none of the excluded ones, and the notes with more words than
    /// are indexed.
    fn notes(self) -> SelectStatement {
        let mut indexed = self.noted();
        self.dialect.select_notes_with_words(&mut indexed, FOUND, &self.search.words(self.access.company_id));
        let full = self.noted().from_as("search_note", FOUND).and_where(is_full()).take();
        indexed.union(UnionType::All, full).take()
    }

    /// Selects notes by their rows of words, without a table yet.
    fn noted(self) -> SelectStatement {
        let mut notes = Query::select();
        notes.column((FOUND, "note_id")).and_where(Expr::col((FOUND, "company_id")).eq(self.access.company_id));
        notes
    }

    /// The condition that the note has all required words, and none of the excluded ones.
    fn words_match(self) -> Condition {
        self.dialect.note_matches(FOUND, &self.search.words(self.access.company_id))
    }

    /// The condition that all required phrases occur in some part, and no excluded phrase in any. The note has all required
    /// words already; for an excluded phrase, parts are read only if the note has its words.
    fn phrases_match(self) -> Condition {
        let Search { required, excluded } = self.search;
        let [required, excluded] =
            [required, excluded].map(|phrases| phrases.iter().filter(|phrase| !phrase.is_word()));
        let all = required.fold(Condition::all(), |all, phrase| all.add(self.some_part_with(phrase).is_not_null()));
        let all = excluded.fold(all, |all, phrase| {
            let is_held = self.some_part_with(phrase).is_not_null();
            let is_held = CaseStatement::new().case(self.has_words_of(phrase), is_held).finally(false);
            all.add(Expr::Case(Box::new(is_held)).not())
        });
        // An empty condition is no valid expression.
        if all.is_empty() { all.add(Expr::val(true)) } else { all }
    }

    /// The condition that all required words and phrases occur in some part, and no excluded one in any.
    fn parts_match(self) -> Condition {
        let Search { required, excluded } = self.search;
        let all =
            required.iter().fold(Condition::all(), |all, phrase| all.add(self.some_part_with(phrase).is_not_null()));
        excluded.iter().fold(all, |all, phrase| all.add(self.some_part_with(phrase).is_null()))
    }

    /// The condition that the note has the words of a phrase, in any order.
    fn has_words_of(self, phrase: &Phrase) -> Condition {
        let company_id = self.access.company_id;
        let words = WordQuery { company_id, required: vec![phrase.sequence()], excluded: Vec::new() };
        self.dialect.note_matches(FOUND, &words)
    }

    /// 1 if a part of the note contains the phrase, otherwise null; it stops at the first such part. (EXISTS would be
    /// equivalent, but `PostgreSQL` turns it into a join, and reads the parts of all notes.)
    fn some_part_with(self, phrase: &Phrase) -> Expr {
        let mut parts = self.parts_of((FOUND, "note_id"));
        let part = parts.expr(Expr::cust("1")).and_where(self.is_in_this_part(phrase)).limit(1).take();
        Expr::SubQuery(None, Box::new(part.into()))
    }

    fn parts_of(self, note_id: impl IntoColumnRef) -> SelectStatement {
        Query::select()
            .from_as("search_part", "part")
            .and_where(Expr::col(("part", "company_id")).eq(self.access.company_id))
            .and_where(Expr::col(("part", "note_id")).equals(note_id))
            .take()
    }

    /// 1 if a part contains the phrase, otherwise 0.
    fn counted(self, phrase: &Phrase) -> Expr {
        CaseStatement::new().case(self.is_in_this_part(phrase), Expr::cust("1")).finally(Expr::cust("0")).into()
    }

    /// The condition that a part contains the phrase.
    fn is_in_this_part(self, phrase: &Phrase) -> Expr {
        self.dialect.part_contains("part", self.access.company_id, phrase.sequence())
    }
}

/// The condition that the note has more words than are indexed.
fn is_full() -> Expr {
    Expr::col((FOUND, "words")).is_null()
}
