//! A page of a thread.
//!
//! Messages are numbered from 1 to the note's message count, without gaps. So a page is a range of positions, known
//! before anything is read: no row too many, no count, and the pages of many threads are one statement.

use std::sync::Arc;

use async_graphql::{Context, SimpleObject};

use super::load::MessageRange;
use super::message::NoteMessage;
use super::order::OrderDirection;
use crate::context::ContextExt;
use crate::entity::{message, note};
use crate::error::Result;
use crate::page::{Cursor, Ordering, PageArgs, PageInfo, Term};

/// A page of messages.
#[derive(SimpleObject)]
pub struct NoteMessageConnection {
    /// The messages of this page, each with its position.
    edges: Vec<NoteMessageEdge>,
    /// The messages of this page.
    nodes: Vec<NoteMessage>,
    /// Where this page stands in the thread.
    page_info: PageInfo,
    /// All messages of the note, whatever the page.
    total_count: i32,
}

/// A message in a thread.
#[derive(SimpleObject)]
pub struct NoteMessageEdge {
    /// The position of the message in this list: pass it as `after` or `before`.
    cursor: String,
    /// The message.
    node: NoteMessage,
}

impl NoteMessageEdge {
    /// The edge of a message in its thread, oldest first.
    pub fn oldest_first(message: Arc<message::Model>) -> Self {
        let cursor = Cursor(vec![message.position.into()]).encode(&ordering(OrderDirection::Asc).name);
        Self { cursor, node: NoteMessage(message) }
    }
}

fn ordering(direction: OrderDirection) -> Ordering {
    let name = if direction == OrderDirection::Asc { "message position+" } else { "message position-" };
    let terms = vec![Term::integer((message::Entity, message::Column::Position), direction.into())];
    Ordering { name: name.to_owned(), terms }
}

/// # Errors
/// INVALID or `BAD_CURSOR`, where the arguments are wrong; when the database fails.
pub async fn messages(
    ctx: &Context<'_>,
    note: &note::Model,
    args: &PageArgs,
    direction: OrderDirection,
) -> Result<NoteMessageConnection> {
    let ordering = ordering(direction);
    let window = args.window(&ordering)?;
    let ascending = direction == OrderDirection::Asc;
    let count = i64::from(note.message_count);
    let (low, high) = window.range(count, ascending);

    let mut messages = Vec::new();
    if let (true, Ok(low), Ok(high)) = (low <= high, i32::try_from(low), i32::try_from(high)) {
        let range = MessageRange { note_id: note.id, low, high };
        messages = ctx.loaders().messages.load(range).await?.unwrap_or_default();
    }
    if !ascending {
        messages.reverse();
    }
    let cursor = |message: &Arc<message::Model>| Cursor(vec![message.position.into()]).encode(&ordering.name);
    let (older, newer) = (low > 1, high < count);
    let page_info = PageInfo {
        has_next_page: if ascending { newer } else { older },
        has_previous_page: if ascending { older } else { newer },
        start_cursor: messages.first().map(cursor),
        end_cursor: messages.last().map(cursor),
    };
    let edge = |message: &Arc<message::Model>| NoteMessageEdge {
        cursor: cursor(message),
        node: NoteMessage(Arc::clone(message)),
    };
    Ok(NoteMessageConnection {
        edges: messages.iter().map(edge).collect(),
        nodes: messages.into_iter().map(NoteMessage).collect(),
        page_info,
        total_count: note.message_count,
    })
}
