//! Conditions on tables related to a note: its assignees, tags and messages.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};

use super::comparator::{AssigneesFilter, DateTimeFilter, IdFilter, NoteMessagesFilter, TagsFilter};
use super::condition::{FilterCompiler, FilterContext, without_nul};
use super::operator::{IS_NULL, NEVER_NULL};
use super::plan::FilterPlan;
use crate::error::Result;
use crate::graphql::global_id::NodeId;
use crate::ids::UserId;
use crate::store::db::Dialect;
use crate::store::entity::{assignment, message, note, note_tag};

/// Up to this many values of an "all of" condition get a subquery each, so that the database starts with the rarest.
/// More values are checked by counting, for the notes that remain.
const EACH: usize = 4;
/// Maximum number of conditions in a filter that find notes through a related table. `PostgreSQL` turns each into a
/// join, and planning time grows with the cube of their number: a second for 50, minutes for the 5,000 that lists of a
/// hundred in each of fifty conditions would make. Each may read the related rows of all notes of a company, which
/// takes a quarter of a second for a million rows. After this many, few notes remain to be checked.
const MAX_SEMI_JOINS: usize = 4;
/// The weights of looking up a related row of a note (`LOOKED_FOR`), and of counting several (`COUNTED`).
const LOOKED_FOR: u64 = 3;
const COUNTED: u64 = 6;
/// The number of list values that add the same weight again. `SQLite` takes a tenth of a microsecond for each possible
/// poster of a message.
const VALUES: u64 = 32;
/// Up to this many values are each looked up in their index, together with the note. More values are compared with all
/// related rows of the note: a note has few tags and assignees, and `SQLite` takes 70 microseconds to look up a hundred
/// values.
const FEW: usize = 4;

/// How to find the notes that a related row belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JoinStrategy {
    /// Start from the related rows, with `IN`: the few notes that they belong to are found without scanning all notes
    /// of the company.
    SemiJoin,
    /// Check each note, with `EXISTS`: for conditions that most notes match, and for those that select nothing by
    /// themselves, where `PostgreSQL` would read through a long list for each note.
    Exists,
}

impl JoinStrategy {
    /// The weight of finding the notes to which one of `values` values belongs.
    fn weight(self, values: usize) -> u64 {
        if self == Self::SemiJoin { 0 } else { looked_for(values) }
    }
}

fn looked_for(values: usize) -> u64 {
    LOOKED_FOR * (1 + values as u64 / VALUES)
}

/// Related rows of notes.
struct RelatedRows {
    /// The statement, without its selected columns.
    select: SelectStatement,
    note_id: Expr,
    dialect: Dialect,
}

impl RelatedRows {
    fn has(self, by: JoinStrategy) -> Expr {
        match by {
            JoinStrategy::SemiJoin => {
                let Self { mut select, note_id, .. } = self;
                of_note(note::Column::Id).in_subquery(select.expr(note_id).take())
            }
            // Compared with true: SQLite 3.51 turns a bare EXISTS into a join and lets OFFSET count its rows one by
            // one, so numbered pages would skip a note with three assignees as if it were three.
            JoinStrategy::Exists => self.exists().eq(true),
        }
    }

    fn has_not(self) -> Expr {
        self.exists().not()
    }

    fn exists(self) -> Expr {
        let mut of_note = self.of_note();
        Expr::exists(of_note.expr(Expr::val(1)).take())
    }

    /// The related rows of one note, looked up by the note.
    fn of_note(self) -> SelectStatement {
        let Self { mut select, note_id, dialect } = self;
        select.and_where(dialect.hint_rare(note_id.eq(of_note(note::Column::Id)))).take()
    }

    fn has_or_not(self, has: bool, by: JoinStrategy) -> Expr {
        if has { self.has(by) } else { self.has_not() }
    }

    /// Whether the note's related rows have this number of distinct values in a column.
    fn counts(self, column: impl IntoColumnRef, number: usize) -> Expr {
        let counted = self.of_note().expr(Expr::col(column).count_distinct()).take();
        Expr::SubQuery(None, Box::new(counted.into())).eq(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

fn of_note(column: note::Column) -> Expr {
    Expr::col((note::Entity, column))
}

impl FilterCompiler {
    fn by(&mut self, context: FilterContext<'_>) -> JoinStrategy {
        if !context.required || self.semi_joins == MAX_SEMI_JOINS {
            return JoinStrategy::Exists;
        }
        self.semi_joins += 1;
        JoinStrategy::SemiJoin
    }

    /// Adds the condition that a note has all of these values: `rows` gives the related rows with one value, `counted`
    /// the condition that counts them all.
    fn all<V: Ord>(
        &mut self,
        context: FilterContext<'_>,
        values: Vec<V>,
        plan: &mut FilterPlan,
        rows: impl Fn(&Self, &V) -> RelatedRows,
        counted: impl Fn(&Self, Vec<V>) -> Expr,
    ) {
        // Without duplicates.
        let values: Vec<V> = BTreeSet::from_iter(values).into_iter().collect();
        let is_long = values.len() > EACH;
        for value in values.iter().take(EACH) {
            let by = self.by(context);
            if by == JoinStrategy::SemiJoin || !is_long {
                plan.add(rows(self, value).has(by), by.weight(1));
            }
        }
        if is_long {
            let weight = COUNTED * (1 + values.len() as u64 / VALUES);
            plan.add(counted(self, values), weight);
        }
    }

    pub fn assignees(
        &mut self,
        filter: &AssigneesFilter,
        context: FilterContext<'_>,
        plan: &mut FilterPlan,
    ) -> Result<()> {
        let AssigneesFilter { any, all, none, is_empty, includes_viewer } = filter;
        let before = self.count.so_far();
        let path = |name: &str| context.path(&format!("assignees.{name}"));
        let users = UserId::parse_arg;
        if let Some(any) = self.count.list(&path("any"), any.as_deref(), users)? {
            let by = self.by(context);
            let weight = by.weight(any.len());
            plan.add(self.assigned(Some(any), by).has(by), weight);
        }
        if let Some(all) = self.count.list(&path("all"), all.as_deref(), users)? {
            let rows = |this: &Self, user: &UserId| this.assigned(Some(vec![*user]), JoinStrategy::SemiJoin);
            self.all(context, all, plan, rows, |this, users| {
                let number = users.len();
                this.assigned(Some(users), JoinStrategy::Exists)
                    .counts((assignment::Entity, assignment::Column::UserId), number)
            });
        }
        if let Some(none) = self.count.list(&path("none"), none.as_deref(), users)? {
            let weight = looked_for(none.len());
            plan.add(self.assigned(Some(none), JoinStrategy::Exists).has_not(), weight);
        }
        if let Some(empty) = self.count.operator(*is_empty)? {
            plan.add(self.assigned(None, JoinStrategy::Exists).has_or_not(!empty, JoinStrategy::Exists), LOOKED_FOR);
        }
        if let Some(included) = self.count.operator(*includes_viewer)? {
            let by = if included { self.by(context) } else { JoinStrategy::Exists };
            plan.add(self.assigned(Some(vec![self.access.user_id]), by).has_or_not(included, by), by.weight(1));
        }
        let hint = "to find notes that nobody is assigned to, use `isEmpty: true`, which is the `isNull` of lists";
        self.count.more_than(before, &context.path("assignees"), hint)
    }

    /// The assignments of these users, or of all users.
    fn assigned(&self, users: Option<Vec<UserId>>, by: JoinStrategy) -> RelatedRows {
        let column = |column| Expr::col((assignment::Entity, column));
        let mut select = Query::select();
        select.from(assignment::Entity).and_where(assignment::Column::CompanyId.eq(self.access.company_id));
        if let Some(users) = users {
            let user_id = (assignment::Entity, assignment::Column::UserId);
            select.and_where(if by == JoinStrategy::Exists && users.len() > FEW {
                self.dialect.one_of_compared(user_id, users)
            } else {
                self.dialect.one_of(user_id, users)
            });
        }
        RelatedRows { select, note_id: column(assignment::Column::NoteId), dialect: self.dialect }
    }

    pub fn tags(&mut self, filter: &TagsFilter, context: FilterContext<'_>, plan: &mut FilterPlan) -> Result<()> {
        let TagsFilter { has_any, has_all, has_none, is_empty } = filter;
        let before = self.count.so_far();
        let path = |name: &str| context.path(&format!("tags.{name}"));
        let tags = |tag: &String| without_nul(&context.path("tags"), tag);
        if let Some(any) = self.count.list(&path("hasAny"), has_any.as_deref(), tags)? {
            let by = self.by(context);
            let weight = by.weight(any.len());
            plan.add(self.tagged(Some(any), by).has(by), weight);
        }
        if let Some(all) = self.count.list(&path("hasAll"), has_all.as_deref(), tags)? {
            let rows = |this: &Self, tag: &String| this.tagged(Some(vec![tag.clone()]), JoinStrategy::SemiJoin);
            self.all(context, all, plan, rows, |this, tags| {
                let number = tags.len();
                this.tagged(Some(tags), JoinStrategy::Exists).counts((note_tag::Entity, note_tag::Column::Tag), number)
            });
        }
        if let Some(none) = self.count.list(&path("hasNone"), has_none.as_deref(), tags)? {
            let weight = looked_for(none.len());
            plan.add(self.tagged(Some(none), JoinStrategy::Exists).has_not(), weight);
        }
        if let Some(empty) = self.count.operator(*is_empty)? {
            plan.add(self.tagged(None, JoinStrategy::Exists).has_or_not(!empty, JoinStrategy::Exists), LOOKED_FOR);
        }
        let hint = "to find notes without tags, use `isEmpty: true`, which is the `isNull` of lists";
        self.count.more_than(before, &context.path("tags"), hint)
    }

    /// The rows of these tags, or of all tags.
    fn tagged(&self, tags: Option<Vec<String>>, by: JoinStrategy) -> RelatedRows {
        let column = |column| Expr::col((note_tag::Entity, column));
        let mut select = Query::select();
        select.from(note_tag::Entity).and_where(note_tag::Column::CompanyId.eq(self.access.company_id));
        if let Some(tags) = tags {
            // When checking one note, many tags are not looked up by their indexed beginnings.
            if by == JoinStrategy::SemiJoin || tags.len() <= FEW {
                let beginnings: Vec<String> = tags.iter().map(|tag| note_tag::cut(tag).to_owned()).collect();
                select.and_where(self.dialect.one_of_texts(note_tag::beginning(), beginnings));
            }
            select.and_where(self.dialect.one_of_texts(column(note_tag::Column::Tag), tags));
        }
        RelatedRows { select, note_id: column(note_tag::Column::NoteId), dialect: self.dialect }
    }

    pub fn messages(
        &mut self,
        filter: &NoteMessagesFilter,
        context: FilterContext<'_>,
        plan: &mut FilterPlan,
    ) -> Result<()> {
        let NoteMessagesFilter { exists, posted_by_id, created_on } = filter;
        let before = self.count.so_far();
        let column = |column| Expr::col((message::Entity, column));
        let mut of_message = Condition::all();
        if let Some(filter) = posted_by_id {
            let path = context.path("messages.postedById");
            let posted_by = (message::Entity, message::Column::PostedById);
            let posted_by = posted_by.into_column_ref();
            of_message = of_message.add(self.links::<UserId>(&path, &posted_by, filter, IS_NULL)?);
        }
        if let Some(filter) = created_on {
            let path = context.path("messages.createdOn");
            of_message = of_message.add(self.times(&path, column(message::Column::CreatedOn), filter, NEVER_NULL)?);
        }
        let conditions = self.count.so_far() - before;
        let exists = self.count.operator(*exists)?;
        let hint = "to find notes without messages, use `exists: false`, which is the `isNull: true` of messages";
        self.count.more_than(before, &context.path("messages"), hint)?;
        if conditions == 0 {
            let count = of_note(note::Column::MessageCount);
            if let Some(exists) = exists {
                plan.add(if exists { count.gt(0) } else { count.eq(0) }, 0);
            }
            return Ok(());
        }
        let exists = exists.unwrap_or(true);
        let mut select = Query::select();
        select
            .from(message::Entity)
            .and_where(message::Column::CompanyId.eq(self.access.company_id))
            .cond_where(of_message);
        let rows = RelatedRows { select, note_id: column(message::Column::NoteId), dialect: self.dialect };
        let names_author = posted_by_id.as_ref().is_some_and(IdFilter::names_few);
        let since = created_on.as_ref().is_some_and(DateTimeFilter::names_start);
        let by = if exists && (names_author || since && !self.semi_joins_since) {
            self.by(context)
        } else {
            JoinStrategy::Exists
        };
        // If the time lies far back, there may be millions of messages.
        self.semi_joins_since |= by == JoinStrategy::SemiJoin && !names_author;
        let values = posted_by_id.as_ref().map_or(0, IdFilter::values);
        plan.add(rows.has_or_not(exists, by), by.weight(values));
        Ok(())
    }
}
