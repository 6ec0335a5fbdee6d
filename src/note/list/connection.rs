//! The GraphQL connection of notes.

use std::sync::{Arc, OnceLock};

use async_graphql::Value;
use breadth::{
    Args, Arguments, FieldDefinition, FromArguments, NonNull, Registry, field, inline, object, relation_with_args,
};

use super::loaders::{ListKey, NotesOf, NotesTotal, SharedArgs};
use super::note_list::{NoteList, NoteListArgs};
use super::order::{NoteSortOrder, RankedNote};
use crate::error::{Error, Result};
use crate::graphql::context::{ContextExt, DataSource};
use crate::graphql::pagination::{Page, PageInfo, PageRequest, page_count, total_count, total_count_precision};
use crate::note::object::Note;
use crate::people::{ListParent, NotesField};
use crate::search::{SharedSearch, search_hit};
use crate::store::entity::note;

/// The GraphQL object of a page of notes.
#[derive(Clone)]
pub struct NoteConnection(Arc<Listed>);

/// A page, with the list that it belongs to.
struct Listed {
    key: ListKey,
    settings: ListSettings,
    page: Page<RankedNote>,
}

/// The properties of a list that are the same under every record.
#[derive(Clone)]
struct ListSettings {
    search: Option<SharedSearch>,
    ordering: NoteSortOrder,
    request: PageRequest,
}

impl From<&NoteList> for ListSettings {
    fn from(list: &NoteList) -> Self {
        Self { search: list.search.clone(), ordering: list.ordering.clone(), request: list.request.clone() }
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
        edges = inline(|connection: &NoteConnection| connection.edges());
        /// The notes of this page.
        nodes = inline(|connection: &NoteConnection| {
            connection.0.page.rows.iter().map(|ranked| Note(Arc::clone(&ranked.note))).collect::<Vec<_>>()
        });
        /// The position of this page in the list.
        page_info = inline(|connection: &NoteConnection| NonNull(connection.info()));
        /// The number of notes that match, on all pages together. Runs a count only when it is selected.
        total_count = total_count::<_, NotesTotal>(|connection: &NoteConnection| connection.0.key.clone());
        /// Whether `totalCount` is exact. AT_LEAST if counting stopped at its limit: one statement examines a limited
        /// number of notes, fewer the more it has to read of each.
        total_count_precision =
            total_count_precision::<_, NotesTotal>(|connection: &NoteConnection| connection.0.key.clone());
        /// The number of this page, when paging by number.
        page_number = field(|connection: &NoteConnection| connection.0.settings.request.number);
        /// The number of pages, when paging by number. Runs a count only when it is selected.
        page_count = page_count::<_, NotesTotal>(
            |connection: &NoteConnection| connection.0.key.clone(),
            |connection| &connection.0.settings.request,
        );
    }
}

object! {
    /// A note in a list.
    NoteEdge {
        /// The cursor of this edge: pass it as `after` or `before`.
        cursor = field(|edge: &NoteEdge| edge.cursor.clone());
        /// The note.
        node = inline(|edge: &NoteEdge| NonNull(edge.node.clone()));
        /// Where the note matches the search of the list; null in a list without a search, and if the search has only
        /// exclusions.
        search_hit = search_hit(|edge: &NoteEdge| (edge.search.as_ref(), edge.node.0.id));
    }
}

impl NoteEdge {
    /// The edge of a note in the list of all notes, newest first.
    pub fn newest_first(note: &Arc<note::Model>) -> Result<Self> {
        let ranked = RankedNote { note: Arc::clone(note), score: 0 };
        Ok(Self { cursor: NoteSortOrder::new(None, None)?.cursor(&ranked), node: Note(ranked.note), search: None })
    }
}

impl NoteConnection {
    /// All notes that the viewer sees.
    pub async fn all(reader: &DataSource, args: NoteListArgs) -> Result<Self> {
        let list = NoteList::new(&args, reader)?;
        let settings = ListSettings::from(&list);
        let page = list.page(reader).await?;
        let key = ListKey { under: None, args: SharedArgs::new(args) };
        Ok(Self(Arc::new(Listed { key, settings, page })))
    }

    fn edges(&self) -> Vec<NoteEdge> {
        let edge = |ranked: &RankedNote| NoteEdge {
            cursor: self.0.settings.ordering.cursor(ranked),
            node: Note(Arc::clone(&ranked.note)),
            search: self.0.settings.search.clone(),
        };
        self.0.page.rows.iter().map(edge).collect()
    }

    fn info(&self) -> PageInfo {
        self.0.page.info(|ranked| self.0.settings.ordering.cursor(ranked))
    }
}

impl NotesField for ListParent {
    /// Null if the list fails, so that the row keeps its other fields.
    fn notes_field<R: 'static>(parent: impl Fn(&R) -> Self + Send + Sync + 'static) -> FieldDefinition {
        relation_with_args::<R, ParsedListArgs, NotesOf, _, _>(
            move |row, taken, ctx| {
                let settings = taken.settings(ctx.data_source())?;
                let key = ListKey { under: Some(parent(row)), args: taken.args.clone() };
                Ok((Some(key.clone()), (key, settings)))
            },
            |(key, settings), page| {
                let page = page.ok_or_else(|| Error::missing("list of notes", &key))?;
                Ok(Some(NoteConnection(Arc::new(Listed { key, settings, page }))))
            },
        )
    }
}

/// The arguments of a field that lists notes: checked once, for all rows of the field.
struct ParsedListArgs {
    args: SharedArgs,
    settings: OnceLock<Result<ListSettings>>,
}

impl ParsedListArgs {
    fn settings(&self, reader: &DataSource) -> Result<ListSettings> {
        let settings =
            self.settings.get_or_init(|| NoteList::new(&self.args, reader).map(|list| ListSettings::from(&list)));
        settings.clone()
    }
}

impl FromArguments for ParsedListArgs {
    fn register(registry: &mut Registry) -> Arguments {
        Args::<NoteListArgs>::register(registry)
    }

    fn from_arguments(values: Value) -> Result<Self, String> {
        Args::from_arguments(values).map(|Args(args)| Self { args: SharedArgs::new(args), settings: OnceLock::new() })
    }
}
