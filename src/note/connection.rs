//! The GraphQL connection of notes.

use std::sync::{Arc, OnceLock};

use async_graphql::Value;
use async_graphql::registry::Registry;

use super::list::{NoteList, NoteListArgs, Whose};
use super::load::{ListKey, NotesOf, NotesTotal, SharedArgs};
use super::object::Note;
use super::order::{NoteOrdering, Placed};
use crate::context::{ContextExt, Reader};
use crate::engine::{Args, Arguments, Def, One, Take, ask, leaf, local, object};
use crate::entity::note;
use crate::error::{Error, Result};
use crate::page::{Page, PageInfo, Window, page_count, total_count, total_count_precision};
use crate::search::{SharedSearch, search_hit};

/// The GraphQL object of a page of notes.
#[derive(Clone)]
pub struct NoteConnection(Arc<Listed>);

/// A page, with the list that it belongs to.
struct Listed {
    key: ListKey,
    shape: Shape,
    page: Page<Placed>,
}

/// The properties of a list that are the same under every record.
#[derive(Clone)]
struct Shape {
    search: Option<SharedSearch>,
    ordering: NoteOrdering,
    window: Window,
}

impl From<&NoteList> for Shape {
    fn from(list: &NoteList) -> Self {
        Self { search: list.search.clone(), ordering: list.ordering.clone(), window: list.window.clone() }
    }
}

/// The GraphQL object of a note in a list.
#[derive(Clone)]
pub struct NoteEdge {
    cursor: String,
    node: Note,
    /// The search of the list.
    search: Option<SharedSearch>,
}

object! {
    /// A page of notes.
    NoteConnection {
        /// The notes of this page, each with its cursor.
        edges = local(|connection: &NoteConnection| connection.edges());
        /// The notes of this page.
        nodes = local(|connection: &NoteConnection| {
            connection.0.page.rows.iter().map(|placed| Note(Arc::clone(&placed.note))).collect::<Vec<_>>()
        });
        /// The position of this page in the list.
        page_info = local(|connection: &NoteConnection| One(connection.info()));
        /// The number of notes that match, on all pages together. Runs a count only when it is selected.
        total_count = total_count::<_, NotesTotal>(|connection: &NoteConnection| connection.0.key.clone());
        /// Whether `totalCount` is exact. AT_LEAST if counting stopped at its limit: one statement examines a limited
        /// number of notes, fewer the more it has to read of each.
        total_count_precision =
            total_count_precision::<_, NotesTotal>(|connection: &NoteConnection| connection.0.key.clone());
        /// The number of this page, when paging by number.
        page_number = leaf(|connection: &NoteConnection| connection.0.shape.window.number);
        /// The number of pages, when paging by number. Runs a count only when it is selected.
        page_count = page_count::<_, NotesTotal>(
            |connection: &NoteConnection| connection.0.key.clone(),
            |connection| &connection.0.shape.window,
        );
    }
}

object! {
    /// A note in a list.
    NoteEdge {
        /// The cursor of this edge: pass it as `after` or `before`.
        cursor = leaf(|edge: &NoteEdge| edge.cursor.clone());
        /// The note.
        node = local(|edge: &NoteEdge| One(edge.node.clone()));
        /// Where the note matches the search of the list; null in a list without a search, and if the search has only
        /// exclusions.
        search_hit = search_hit(|edge: &NoteEdge| (edge.search.as_ref(), edge.node.0.id));
    }
}

impl NoteEdge {
    /// The edge of a note in the list of all notes, newest first.
    pub fn newest_first(note: &Arc<note::Model>) -> Result<Self> {
        let placed = Placed { note: Arc::clone(note), score: 0 };
        Ok(Self { cursor: NoteOrdering::new(None, None)?.cursor(&placed), node: Note(placed.note), search: None })
    }
}

impl NoteConnection {
    /// All notes that the viewer sees.
    pub async fn all(reader: &Reader, args: NoteListArgs) -> Result<Self> {
        let list = NoteList::new(&args, reader)?;
        let shape = Shape::from(&list);
        let page = list.page(reader).await?;
        let key = ListKey { under: None, args: SharedArgs::new(args) };
        Ok(Self(Arc::new(Listed { key, shape, page })))
    }

    fn edges(&self) -> Vec<NoteEdge> {
        let edge = |placed: &Placed| NoteEdge {
            cursor: self.0.shape.ordering.cursor(placed),
            node: Note(Arc::clone(&placed.note)),
            search: self.0.shape.search.clone(),
        };
        self.0.page.rows.iter().map(edge).collect()
    }

    fn info(&self) -> PageInfo {
        self.0.page.info(|placed| self.0.shape.ordering.cursor(placed))
    }
}

/// A field that lists the notes of its row.
pub fn notes_of<R: 'static>(whose: Whose, id: impl Fn(&R) -> i64 + Send + Sync + 'static) -> Def {
    ask::<R, ListTaken, NotesOf, _, _>(
        move |row, taken, ctx| {
            let shape = taken.shape(ctx.reader())?;
            let key = ListKey { under: Some((whose, id(row))), args: taken.args.clone() };
            Ok((Some(key.clone()), (key, shape)))
        },
        |(key, shape), page| {
            let page = page.ok_or_else(|| Error::missing("list of notes", &key))?;
            Ok(One(NoteConnection(Arc::new(Listed { key, shape, page }))))
        },
    )
}

/// The arguments of a field that lists notes: checked once, for all rows of the field.
struct ListTaken {
    args: SharedArgs,
    shape: OnceLock<Result<Shape>>,
}

impl ListTaken {
    fn shape(&self, reader: &Reader) -> Result<Shape> {
        let shape = self.shape.get_or_init(|| NoteList::new(&self.args, reader).map(|list| Shape::from(&list)));
        shape.clone()
    }
}

impl Take for ListTaken {
    fn register(registry: &mut Registry) -> Arguments {
        Args::<NoteListArgs>::register(registry)
    }

    fn take(values: Value) -> Result<Self, String> {
        Args::take(values).map(|Args(args)| Self { args: SharedArgs::new(args), shape: OnceLock::new() })
    }
}
