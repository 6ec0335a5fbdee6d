//! Conditions on tables related to a note: its assignees, tags and messages.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, DatabaseBackend};

use super::comparator::{AssigneesFilter, DateTimeFilter, IdFilter, NoteMessagesFilter, TagsFilter};
use super::condition::{Conditions, Split, Standing, without_nul};
use crate::db::{one_of, one_of_compared, one_of_texts, rare};
use crate::entity::{assignment, message, note, note_tag};
use crate::error::Result;
use crate::id::Kind;

/// Up to this many values of an "all of" condition get a subquery each, so that the database starts with the rarest.
/// More values are checked by counting, for the notes that remain.
const EACH: usize = 4;
/// Maximum number of conditions in a filter that find notes through a related table. `PostgreSQL` turns each into a
/// join, and planning time grows with the cube of their number: a second for 50, minutes for the 5,000 that lists of a
/// hundred in each of fifty conditions would make. Each may read the related rows of all notes of a company, which
/// takes a quarter of a second for a million rows. After this many, few notes remain to be checked.
const SOUGHT: usize = 4;
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
enum By {
    /// Start from the related rows, with `IN`: the few notes that they belong to are found without scanning all notes
    /// of the company.
    What,
    /// Check each note, with `EXISTS`: for conditions that most notes match, and for those that select nothing by
    /// themselves, where `PostgreSQL` would read through a long list for each note.
    Note,
}

impl By {
    /// The weight of finding the notes to which one of `values` values belongs.
    fn weight(self, values: usize) -> u64 {
        if self == Self::What { 0 } else { looked_for(values) }
    }
}

fn looked_for(values: usize) -> u64 {
    LOOKED_FOR * (1 + values as u64 / VALUES)
}

/// Related rows of notes.
struct Rows {
    /// The statement, without its selected columns.
    select: SelectStatement,
    note_id: Expr,
    backend: DatabaseBackend,
}

impl Rows {
    fn has(self, by: By) -> Expr {
        match by {
            By::What => {
                let Self { mut select, note_id, .. } = self;
                of_note(note::Column::Id).in_subquery(select.expr(note_id).take())
            }
            // Compared with true: SQLite 3.51 turns a bare EXISTS into a join and lets OFFSET count its rows one by
            // one, so numbered pages would skip a note with three assignees as if it were three.
            By::Note => self.exists().eq(true),
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
        let Self { mut select, note_id, backend } = self;
        select.and_where(rare(backend, note_id.eq(of_note(note::Column::Id)))).take()
    }

    fn has_or_not(self, has: bool, by: By) -> Expr {
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

impl Conditions {
    fn by(&mut self, standing: Standing<'_>) -> By {
        if !standing.required || self.sought == SOUGHT {
            return By::Note;
        }
        self.sought += 1;
        By::What
    }

    /// Adds the condition that a note has all of these values: `rows` gives the related rows with one value, `counted`
    /// the condition that counts them all.
    fn all<V: Ord>(
        &mut self,
        standing: Standing<'_>,
        values: Vec<V>,
        split: &mut Split,
        rows: impl Fn(&Self, &V) -> Rows,
        counted: impl Fn(&Self, Vec<V>) -> Expr,
    ) {
        // Without duplicates.
        let values: Vec<V> = BTreeSet::from_iter(values).into_iter().collect();
        let is_long = values.len() > EACH;
        for value in values.iter().take(EACH) {
            let by = self.by(standing);
            if by == By::What || !is_long {
                split.add(rows(self, value).has(by), by.weight(1));
            }
        }
        if is_long {
            let weight = COUNTED * (1 + values.len() as u64 / VALUES);
            split.add(counted(self, values), weight);
        }
    }

    pub fn assignees(&mut self, filter: &AssigneesFilter, standing: Standing<'_>, split: &mut Split) -> Result<()> {
        let AssigneesFilter { any, all, none, is_empty, includes_viewer } = filter;
        let before = self.count.so_far();
        let path = |name: &str| standing.path(&format!("assignees.{name}"));
        let users = |id: &_| Kind::User.key(id);
        if let Some(any) = self.count.list(&path("any"), any.as_deref(), users)? {
            let by = self.by(standing);
            let weight = by.weight(any.len());
            split.add(self.assigned(Some(any), by).has(by), weight);
        }
        if let Some(all) = self.count.list(&path("all"), all.as_deref(), users)? {
            let rows = |this: &Self, user: &i64| this.assigned(Some(vec![*user]), By::What);
            self.all(standing, all, split, rows, |this, users| {
                let number = users.len();
                this.assigned(Some(users), By::Note).counts((assignment::Entity, assignment::Column::UserId), number)
            });
        }
        if let Some(none) = self.count.list(&path("none"), none.as_deref(), users)? {
            let weight = looked_for(none.len());
            split.add(self.assigned(Some(none), By::Note).has_not(), weight);
        }
        if let Some(empty) = self.count.operator(*is_empty)? {
            split.add(self.assigned(None, By::Note).has_or_not(!empty, By::Note), LOOKED_FOR);
        }
        if let Some(included) = self.count.operator(*includes_viewer)? {
            let by = if included { self.by(standing) } else { By::Note };
            split.add(self.assigned(Some(vec![self.sight.user_id]), by).has_or_not(included, by), by.weight(1));
        }
        let hint = "to find notes that nobody is assigned to, use `isEmpty: true`, which is the `isNull` of lists";
        self.count.more_than(before, &standing.path("assignees"), hint)
    }

    /// The assignments of these users, or of all users.
    fn assigned(&self, users: Option<Vec<i64>>, by: By) -> Rows {
        let column = |column| Expr::col((assignment::Entity, column));
        let mut select = Query::select();
        select.from(assignment::Entity).and_where(assignment::Column::CompanyId.eq(self.sight.company_id));
        if let Some(users) = users {
            let user_id = (assignment::Entity, assignment::Column::UserId);
            select.and_where(if by == By::Note && users.len() > FEW {
                one_of_compared(self.backend, user_id, users)
            } else {
                one_of(self.backend, user_id, users)
            });
        }
        Rows { select, note_id: column(assignment::Column::NoteId), backend: self.backend }
    }

    pub fn tags(&mut self, filter: &TagsFilter, standing: Standing<'_>, split: &mut Split) -> Result<()> {
        let TagsFilter { has_any, has_all, has_none, is_empty } = filter;
        let before = self.count.so_far();
        let path = |name: &str| standing.path(&format!("tags.{name}"));
        let tags = |tag: &String| without_nul(&standing.path("tags"), tag);
        if let Some(any) = self.count.list(&path("hasAny"), has_any.as_deref(), tags)? {
            let by = self.by(standing);
            let weight = by.weight(any.len());
            split.add(self.tagged(Some(any), by).has(by), weight);
        }
        if let Some(all) = self.count.list(&path("hasAll"), has_all.as_deref(), tags)? {
            let rows = |this: &Self, tag: &String| this.tagged(Some(vec![tag.clone()]), By::What);
            self.all(standing, all, split, rows, |this, tags| {
                let number = tags.len();
                this.tagged(Some(tags), By::Note).counts((note_tag::Entity, note_tag::Column::Tag), number)
            });
        }
        if let Some(none) = self.count.list(&path("hasNone"), has_none.as_deref(), tags)? {
            let weight = looked_for(none.len());
            split.add(self.tagged(Some(none), By::Note).has_not(), weight);
        }
        if let Some(empty) = self.count.operator(*is_empty)? {
            split.add(self.tagged(None, By::Note).has_or_not(!empty, By::Note), LOOKED_FOR);
        }
        let hint = "to find notes without tags, use `isEmpty: true`, which is the `isNull` of lists";
        self.count.more_than(before, &standing.path("tags"), hint)
    }

    /// The rows of these tags, or of all tags.
    fn tagged(&self, tags: Option<Vec<String>>, by: By) -> Rows {
        let column = |column| Expr::col((note_tag::Entity, column));
        let mut select = Query::select();
        select.from(note_tag::Entity).and_where(note_tag::Column::CompanyId.eq(self.sight.company_id));
        if let Some(tags) = tags {
            // When checking one note, many tags are not looked up by their indexed beginnings.
            if by == By::What || tags.len() <= FEW {
                let beginnings: Vec<String> = tags.iter().map(|tag| note_tag::cut(tag).to_owned()).collect();
                select.and_where(one_of_texts(self.backend, note_tag::beginning(), beginnings));
            }
            select.and_where(one_of_texts(self.backend, column(note_tag::Column::Tag), tags));
        }
        Rows { select, note_id: column(note_tag::Column::NoteId), backend: self.backend }
    }

    pub fn messages(&mut self, filter: &NoteMessagesFilter, standing: Standing<'_>, split: &mut Split) -> Result<()> {
        let NoteMessagesFilter { exists, posted_by_id, created_on } = filter;
        let before = self.count.so_far();
        let column = |column| Expr::col((message::Entity, column));
        let mut of_message = Condition::all();
        if let Some(filter) = posted_by_id {
            let path = standing.path("messages.postedById");
            let posted_by = (message::Entity, message::Column::PostedById);
            of_message = of_message.add(self.links(&path, &posted_by.into_column_ref(), Kind::User, filter)?);
        }
        if let Some(filter) = created_on {
            let path = standing.path("messages.createdOn");
            of_message = of_message.add(self.times(&path, column(message::Column::CreatedOn), filter)?);
        }
        let conditions = self.count.so_far() - before;
        let exists = self.count.operator(*exists)?;
        let hint = "to find notes without messages, use `exists: false`, which is the `isNull: true` of messages";
        self.count.more_than(before, &standing.path("messages"), hint)?;
        if conditions == 0 {
            let count = of_note(note::Column::MessageCount);
            if let Some(exists) = exists {
                split.add(if exists { count.gt(0) } else { count.eq(0) }, 0);
            }
            return Ok(());
        }
        let exists = exists.unwrap_or(true);
        let mut select = Query::select();
        select
            .from(message::Entity)
            .and_where(message::Column::CompanyId.eq(self.sight.company_id))
            .cond_where(of_message);
        let rows = Rows { select, note_id: column(message::Column::NoteId), backend: self.backend };
        let names_author = posted_by_id.as_ref().is_some_and(IdFilter::names_few);
        let since = created_on.as_ref().is_some_and(names_start);
        let by = if exists && (names_author || since && !self.sought_since) { self.by(standing) } else { By::Note };
        // If the time lies far back, there may be millions of messages.
        self.sought_since |= by == By::What && !names_author;
        let values = posted_by_id.as_ref().map_or(0, IdFilter::values);
        split.add(rows.has_or_not(exists, by), by.weight(values));
        Ok(())
    }
}

/// Whether a condition on times has a start, and so excludes most rows more often than not.
fn names_start(filter: &DateTimeFilter) -> bool {
    filter.eq.is_some() || filter.gt.is_some() || filter.gte.is_some()
}
