//! A list of notes, as clients walk it.

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

/// A page of notes, as the schema shows it.
#[derive(Clone)]
pub struct NoteConnection(Arc<Listed>);

/// A page, and the list that it is of.
struct Listed {
    key: ListKey,
    shape: Shape,
    page: Page<Placed>,
}

/// What a list is, whatever record it stands under.
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

/// A note in a list, as the schema shows it.
#[derive(Clone)]
pub struct NoteEdge {
    cursor: String,
    node: Note,
    /// What the list was searched for.
    search: Option<SharedSearch>,
}

object! {
    /// A page of notes.
    NoteConnection {
        /// The notes of this page, each with its position.
        edges = local(|connection: &NoteConnection| connection.edges());
        /// The notes of this page.
        nodes = local(|connection: &NoteConnection| {
            connection.0.page.rows.iter().map(|placed| Note(Arc::clone(&placed.note))).collect::<Vec<_>>()
        });
        /// Where this page stands in the list.
        page_info = local(|connection: &NoteConnection| One(connection.info()));
        /// All notes that match, whatever the page. Runs a count only when it is selected.
        total_count = total_count::<_, NotesTotal>(|connection: &NoteConnection| connection.0.key.clone());
        /// Whether all of these were counted. AT_LEAST where counting stopped at its bound: so many notes are looked at as a
        /// statement can in a moment, which are fewer the more of each note is read.
        total_count_precision =
            total_count_precision::<_, NotesTotal>(|connection: &NoteConnection| connection.0.key.clone());
        /// The page asked for, when paging by number.
        page_number = leaf(|connection: &NoteConnection| connection.0.shape.window.number);
        /// How many pages there are, when paging by number. Runs a count only when it is selected.
        page_count = page_count::<_, NotesTotal>(
            |connection: &NoteConnection| connection.0.key.clone(),
            |connection| &connection.0.shape.window,
        );
    }
}

object! {
    /// A note in a list.
    NoteEdge {
        /// The position of the note in this list: pass it as `after` or `before`.
        cursor = leaf(|edge: &NoteEdge| edge.cursor.clone());
        /// The note.
        node = local(|edge: &NoteEdge| One(edge.node.clone()));
        /// Where the note matches what the list was searched for; null in other lists, and where the search has only
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

/// The arguments of a field that lists notes: looked at once, for all rows that the field is asked of.
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
