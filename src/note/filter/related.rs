//! Conditions on what belongs to a note: its assignees, tags and messages.

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};

use super::comparator::{AssigneesFilter, DateTimeFilter, IdFilter, NoteMessagesFilter, TagsFilter};
use super::condition::{Conditions, Standing, without_nul};
use crate::db::{one_of, one_of_texts};
use crate::entity::{assignment, message, note, note_tag};
use crate::error::Result;
use crate::id::Kind;

/// How the notes are found that something belongs to.
#[derive(Clone, Copy)]
enum By {
    /// From what belongs to them: `IN`, so that the few notes of it are not looked for among all of the company.
    What,
    /// One after the other: `EXISTS`, for what belongs to most of them, and where the condition decides nothing by
    /// itself: there `PostgreSQL` would read through a long list for each note.
    Note,
}

impl From<Standing<'_>> for By {
    fn from(standing: Standing<'_>) -> Self {
        if standing.required { Self::What } else { Self::Note }
    }
}

/// Rows that belong to notes.
struct Rows {
    /// Without what it selects.
    select: SelectStatement,
    note_id: Expr,
}

impl Rows {
    fn has(self, by: By) -> Expr {
        let Self { mut select, note_id } = self;
        match by {
            By::What => of_note(note::Column::Id).in_subquery(select.expr(note_id).take()),
            // Compared with true, as SQLite 3.51 turns a bare EXISTS into a join whose rows an OFFSET counts one by
            // one: numbered pages would skip a note of three assignees as if it were three.
            By::Note => Self { select, note_id }.exists().eq(true),
        }
    }

    fn has_not(self) -> Expr {
        self.exists().not()
    }

    fn exists(self) -> Expr {
        let Self { mut select, note_id } = self;
        Expr::exists(select.expr(Expr::val(1)).and_where(note_id.eq(of_note(note::Column::Id))).take())
    }

    fn has_or_not(self, has: bool, by: By) -> Expr {
        if has { self.has(by) } else { self.has_not() }
    }
}

fn of_note(column: note::Column) -> Expr {
    Expr::col((note::Entity, column))
}

impl Conditions {
    pub fn assignees(&mut self, filter: &AssigneesFilter, standing: Standing<'_>) -> Result<Condition> {
        let AssigneesFilter { any, all, none, is_empty, includes_viewer } = filter;
        let path = |name: &str| standing.path(&format!("assignees.{name}"));
        let users = |id: &_| Kind::User.key(id);
        let by = By::from(standing);
        let mut condition = Condition::all();
        if let Some(any) = self.count.list(&path("any"), any, users)? {
            condition = condition.add(self.assigned(Some(any)).has(by));
        }
        for user in self.count.list(&path("all"), all, users)?.into_iter().flatten() {
            condition = condition.add(self.assigned(Some(vec![user])).has(by));
        }
        if let Some(none) = self.count.list(&path("none"), none, users)? {
            condition = condition.add(self.assigned(Some(none)).has_not());
        }
        if let Some(empty) = self.count.operator(&path("isEmpty"), is_empty)? {
            condition = condition.add(self.assigned(None).has_or_not(!empty, By::Note));
        }
        if let Some(included) = self.count.operator(&path("includesViewer"), includes_viewer)? {
            condition = condition.add(self.assigned(Some(vec![self.sight.user_id])).has_or_not(*included, by));
        }
        Ok(condition)
    }

    /// The assignments of some users, or of all.
    fn assigned(&self, users: Option<Vec<i64>>) -> Rows {
        let column = |column| Expr::col((assignment::Entity, column));
        let mut select = Query::select();
        select.from(assignment::Entity).and_where(assignment::Column::CompanyId.eq(self.sight.company_id));
        if let Some(users) = users {
            select.and_where(one_of(self.backend, (assignment::Entity, assignment::Column::UserId), users));
        }
        Rows { select, note_id: column(assignment::Column::NoteId) }
    }

    pub fn tags(&mut self, filter: &TagsFilter, standing: Standing<'_>) -> Result<Condition> {
        let TagsFilter { has_any, has_all, has_none, is_empty } = filter;
        let path = |name: &str| standing.path(&format!("tags.{name}"));
        let tags = |tag: &String| without_nul(&standing.path("tags"), tag);
        let by = By::from(standing);
        let mut condition = Condition::all();
        if let Some(any) = self.count.list(&path("hasAny"), has_any, tags)? {
            condition = condition.add(self.tagged(Some(any)).has(by));
        }
        for tag in self.count.list(&path("hasAll"), has_all, tags)?.into_iter().flatten() {
            condition = condition.add(self.tagged(Some(vec![tag])).has(by));
        }
        if let Some(none) = self.count.list(&path("hasNone"), has_none, tags)? {
            condition = condition.add(self.tagged(Some(none)).has_not());
        }
        if let Some(empty) = self.count.operator(&path("isEmpty"), is_empty)? {
            condition = condition.add(self.tagged(None).has_or_not(!empty, By::Note));
        }
        Ok(condition)
    }

    /// The rows of some tags, or of all.
    fn tagged(&self, tags: Option<Vec<String>>) -> Rows {
        let column = |column| Expr::col((note_tag::Entity, column));
        let mut select = Query::select();
        select.from(note_tag::Entity).and_where(note_tag::Column::CompanyId.eq(self.sight.company_id));
        if let Some(tags) = tags {
            let beginnings: Vec<String> = tags.iter().map(|tag| note_tag::cut(tag).to_owned()).collect();
            select.and_where(one_of_texts(self.backend, note_tag::beginning(), beginnings)).and_where(one_of_texts(
                self.backend,
                column(note_tag::Column::Tag),
                tags,
            ));
        }
        Rows { select, note_id: column(note_tag::Column::NoteId) }
    }

    pub fn messages(&mut self, filter: &NoteMessagesFilter, standing: Standing<'_>) -> Result<Condition> {
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
        let exists = self.count.operator(&standing.path("messages.exists"), exists)?.copied();
        let condition = Condition::all();
        if conditions == 0 {
            let count = of_note(note::Column::MessageCount);
            return Ok(condition.add_option(exists.map(|exists| if exists { count.gt(0) } else { count.eq(0) })));
        }
        let mut select = Query::select();
        select
            .from(message::Entity)
            .and_where(message::Column::CompanyId.eq(self.sight.company_id))
            .cond_where(of_message);
        let rows = Rows { select, note_id: column(message::Column::NoteId) };
        let by = if names_few(posted_by_id.as_ref(), created_on.as_ref()) { By::from(standing) } else { By::Note };
        Ok(condition.add(rows.has_or_not(exists.unwrap_or(true), by)))
    }
}

/// Whether conditions on messages are of a kind that leaves most of them out: by their author, or since a time.
fn names_few(posted_by_id: Option<&IdFilter>, created_on: Option<&DateTimeFilter>) -> bool {
    posted_by_id.is_some_and(|filter| filter.eq.is_value() || filter.is_in.is_value())
        || created_on.is_some_and(|filter| filter.eq.is_value() || filter.gt.is_value() || filter.gte.is_value())
}
