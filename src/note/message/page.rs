//! Pages of a note's thread.
//!
//! Messages are numbered from 1 to the note's message count, without gaps. So a page is a range of positions, known
//! before anything is read: no surplus row is read, nothing is counted, and the pages of many threads are one
//! statement.

use std::sync::Arc;

use async_graphql::InputObject;
use breadth::{Args, FieldDefinition, NonNull, field, inline, object, relation_with_args};

use super::object::NoteMessage;
use crate::error::Result;
use crate::graphql::pagination::{Cursor, PageArgs, PageInfo, SortKey, SortOrder};
use crate::ids::NoteId;
use crate::note::list::order::OrderDirection;
use crate::note::load::by_key::MessagesOf;
use crate::note::message_range::MessageRange;
use crate::store::db::SortHint;
use crate::store::entity::message;

/// The arguments of `Note.messages`.
#[derive(InputObject)]
pub struct NoteMessagesArgs {
    /// The page size when paging forwards.
    first: Option<i32>,
    /// Only messages after this cursor.
    after: Option<String>,
    /// The page size when paging backwards.
    last: Option<i32>,
    /// Only messages before this cursor.
    before: Option<String>,
    /// ASC is oldest first, DESC newest first; ASC when absent or null.
    #[graphql(default_with = "Some(OrderDirection::default())")]
    direction: Option<OrderDirection>,
}

/// The GraphQL object of a page of a thread.
#[derive(Clone)]
pub struct NoteMessageConnection(Arc<ThreadPage>);

struct ThreadPage {
    direction: OrderDirection,
    messages: Vec<Arc<message::Model>>,
    older: bool,
    newer: bool,
    total: i32,
}

/// The GraphQL object of a message in a thread.
#[derive(Clone)]
pub struct NoteMessageEdge {
    direction: OrderDirection,
    message: Arc<message::Model>,
}

object! {
    /// A page of messages.
    NoteMessageConnection {
        /// The messages of this page, each with its cursor.
        edges = inline(|connection: &NoteMessageConnection| connection.edges());
        /// The messages of this page.
        nodes = inline(|connection: &NoteMessageConnection| {
            connection.0.messages.iter().cloned().map(NoteMessage).collect::<Vec<_>>()
        });
        /// The position of this page in the thread.
        page_info = inline(|connection: &NoteMessageConnection| NonNull(connection.info()));
        /// The number of messages of the note, on all pages together.
        total_count = field(|connection: &NoteMessageConnection| connection.0.total);
    }
}

object! {
    /// A message in a thread.
    NoteMessageEdge {
        /// The cursor of this edge: pass it as `after` or `before`.
        cursor = field(|edge: &NoteMessageEdge| cursor(edge.direction, &edge.message));
        /// The message.
        node = inline(|edge: &NoteMessageEdge| NonNull(NoteMessage(Arc::clone(&edge.message))));
    }
}

impl NoteMessageEdge {
    /// The edge of a message in its thread, oldest first.
    pub fn oldest_first(message: Arc<message::Model>) -> Self {
        Self { direction: OrderDirection::Asc, message }
    }
}

impl NoteMessageConnection {
    fn edges(&self) -> Vec<NoteMessageEdge> {
        let edge = |message: &Arc<message::Model>| NoteMessageEdge {
            direction: self.0.direction,
            message: Arc::clone(message),
        };
        self.0.messages.iter().map(edge).collect()
    }

    fn info(&self) -> PageInfo {
        let ThreadPage { direction, messages, older, newer, .. } = &*self.0;
        let (next, previous) = if *direction == OrderDirection::Asc { (newer, older) } else { (older, newer) };
        PageInfo {
            has_next_page: *next,
            has_previous_page: *previous,
            start_cursor: messages.first().map(|message| cursor(*direction, message)),
            end_cursor: messages.last().map(|message| cursor(*direction, message)),
        }
    }
}

fn name(direction: OrderDirection) -> &'static str {
    if direction == OrderDirection::Asc { "message position+" } else { "message position-" }
}

fn cursor(direction: OrderDirection, message: &message::Model) -> String {
    Cursor(vec![i64::from(message.position).into()]).encode(name(direction))
}

/// The field `Note.messages`; null if it fails, so that the note keeps its other fields. `thread` is the ID of the note,
/// and the number of its messages.
pub fn messages<R: 'static>(thread: impl Fn(&R) -> (NoteId, i32) + Send + Sync + 'static) -> FieldDefinition {
    relation_with_args::<R, Args<NoteMessagesArgs>, MessagesOf, _, _>(
        move |row, Args(args), _| Ok(prepare(thread(row), args)?),
        |mut page: ThreadPage, messages| {
            page.messages = messages.unwrap_or_default();
            if page.direction == OrderDirection::Desc {
                page.messages.reverse();
            }
            Ok(Some(NoteMessageConnection(Arc::new(page))))
        },
    )
}

fn prepare((note_id, total): (NoteId, i32), args: &NoteMessagesArgs) -> Result<(Option<MessageRange>, ThreadPage)> {
    let NoteMessagesArgs { first, after, last, before, direction } = args;
    let direction = direction.unwrap_or_default();
    let page = PageArgs { first: *first, after: after.clone(), last: *last, before: before.clone(), page: None };
    let term = SortKey::integer((message::Entity, message::Column::Position), direction.into());
    let order = SortOrder { name: name(direction).to_owned(), keys: vec![term], sort_hint: SortHint::default() };
    let request = page.request(&order)?;
    let (low, high) = request.range(total.into(), direction == OrderDirection::Asc);
    let range = match (i32::try_from(low), i32::try_from(high)) {
        (Ok(low), Ok(high)) if low <= high => Some(MessageRange { note_id, low, high }),
        _ => None,
    };
    let page = ThreadPage { direction, messages: Vec::new(), older: low > 1, newer: high < total.into(), total };
    Ok((range, page))
}
