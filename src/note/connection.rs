//! A list of notes, as clients walk it.

use std::sync::Arc;

use async_graphql::{Context, Description, Object, SimpleObject};

use tokio::sync::OnceCell;

use super::list::{NoteList, NoteListArgs, Whose};
use super::load::ListKey;
use super::object::Note;
use super::order::NoteOrdering;
use crate::context::ContextExt;
use crate::entity::note;
use crate::error::{Error, Result};
use crate::page::{Page, PageInfo};

/// A page of notes.
#[derive(Description)]
pub struct NoteConnection {
    args: Arc<NoteListArgs>,
    /// The record that the list stands under, where it is not the list of all.
    under: Option<(Whose, i64)>,
    ordering: NoteOrdering,
    page: Page<Arc<note::Model>>,
    number: Option<u64>,
    /// Counted once, however many fields need it.
    total: OnceCell<u64>,
}

/// A note in a list.
#[derive(SimpleObject)]
pub struct NoteEdge {
    /// The position of the note in this list: pass it as `after` or `before`.
    pub cursor: String,
    /// The note.
    pub node: Note,
}

impl NoteEdge {
    /// The edge of a note in the list of all notes, newest first.
    pub fn newest_first(note: &Arc<note::Model>) -> Result<Self> {
        Ok(Self { cursor: NoteOrdering::new(None)?.cursor(note), node: Note(Arc::clone(note)) })
    }
}

impl NoteConnection {
    /// All notes that the viewer sees.
    pub async fn all(ctx: &Context<'_>, args: NoteListArgs) -> Result<Self> {
        let db = &ctx.app().db;
        let list = NoteList::new(&args, ctx.sight(), db.backend())?;
        let (ordering, number) = (list.ordering.clone(), list.window.number);
        let page = list.page(db).await?;
        Ok(Self { args: Arc::new(args), under: None, ordering, page, number, total: OnceCell::new() })
    }

    /// The notes of one record; asked for many records at once, it is one statement.
    pub async fn under(ctx: &Context<'_>, args: NoteListArgs, whose: Whose, parent: i64) -> Result<Self> {
        let list = NoteList::new(&args, ctx.sight(), ctx.app().db.backend())?;
        let (ordering, number) = (list.ordering.clone(), list.window.number);
        let args = Arc::new(args);
        let key = ListKey { whose, parent, args: Arc::clone(&args) };
        let page = ctx.loaders().notes_of.load(key).await?.ok_or_else(|| Error::missing("list of notes", parent))?;
        Ok(Self { args, under: Some((whose, parent)), ordering, page, number, total: OnceCell::new() })
    }

    async fn count(&self, ctx: &Context<'_>) -> Result<u64> {
        let Some((whose, parent)) = self.under else {
            let db = &ctx.app().db;
            let count = async || NoteList::new(&self.args, ctx.sight(), db.backend())?.count(db).await;
            return self.total.get_or_try_init(count).await.copied();
        };
        let key = ListKey { whose, parent, args: Arc::clone(&self.args) };
        Ok(ctx.loaders().notes_count.load(key).await?.unwrap_or_default())
    }
}

#[Object(use_type_description)]
impl NoteConnection {
    /// The notes of this page, each with its position.
    async fn edges(&self) -> Vec<NoteEdge> {
        let edge = |note: &Arc<note::Model>| NoteEdge { cursor: self.ordering.cursor(note), node: Note(note.clone()) };
        self.page.rows.iter().map(edge).collect()
    }

    /// The notes of this page.
    async fn nodes(&self) -> Vec<Note> {
        self.page.rows.iter().cloned().map(Note).collect()
    }

    /// Where this page stands in the list.
    async fn page_info(&self) -> PageInfo {
        self.page.info(|note| self.ordering.cursor(note))
    }

    /// All notes that match, whatever the page. Runs a count only when it is selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        self.count(ctx).await
    }

    /// The page asked for, when paging by number.
    async fn page_number(&self) -> Option<u64> {
        self.number
    }

    /// How many pages there are, when paging by number. Runs a count only when it is selected.
    async fn page_count(&self, ctx: &Context<'_>) -> Result<Option<u64>> {
        if self.number.is_none() {
            return Ok(None);
        }
        let list = NoteList::new(&self.args, ctx.sight(), ctx.app().db.backend())?;
        Ok(Some(list.window.pages(self.count(ctx).await?)))
    }
}
