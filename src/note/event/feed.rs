//! `Query.noteEvents`.

use std::collections::HashSet;

use async_graphql::{Enum, ID, InputObject};

use super::connection::NoteEventConnection;
use super::object::NoteEventType;
use crate::error::{Error, Result};
use crate::event::{FeedFilter, FeedRequest, Start, read_feed};
use crate::graphql::context::DataSource;
use crate::graphql::global_id::NodeId;
use crate::graphql::pagination::{PageInfo, page_size};
use crate::ids::{CustomerId, NoteId};

/// Maximum number of IDs in one argument.
const IDS: usize = 100;

/// The start of a feed without a cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum FeedStart {
    /// With the oldest event that the server keeps.
    Beginning,
    /// With what happens from now on: the page is empty, and has the cursor to go on from.
    #[default]
    Now,
}

/// The arguments of `Query.noteEvents`.
#[derive(InputObject)]
pub struct NoteEventsArgs {
    /// Only events after this cursor.
    after: Option<String>,
    /// Where the feed begins without `after`; NOW when absent or null.
    #[graphql(default_with = "Some(FeedStart::Now)")]
    from: Option<FeedStart>,
    /// Only events of these notes, at most 100.
    note_ids: Option<Vec<ID>>,
    /// Only events of notes about these customers, before or after the event; at most 100.
    customer_ids: Option<Vec<ID>>,
    /// Only events of these types.
    types: Option<Vec<NoteEventType>>,
    /// The page size: 1 to 100, 20 when absent.
    first: Option<i32>,
}

/// Reads a page of the feed.
///
/// # Errors
/// INVALID, `BAD_CURSOR` or `CURSOR_EXPIRED` for wrong arguments, and when the database fails.
pub async fn feed(reader: &DataSource, args: NoteEventsArgs) -> Result<NoteEventConnection> {
    let NoteEventsArgs { after, from, note_ids, customer_ids, types, first } = args;
    let filter = filter(note_ids, customer_ids, types)?;
    let continues = after.is_some();
    let start = match (after, from.unwrap_or_default()) {
        (Some(cursor), _) => Start::After(cursor),
        (None, FeedStart::Beginning) => Start::Beginning,
        (None, FeedStart::Now) => Start::Now,
    };
    let size = usize::try_from(page_size("first", first)?).map_err(Error::internal)?;
    let request = FeedRequest { start, filter, size, changes: reader.mentions("changes") };
    let page = read_feed(&reader.db, reader.access, &request).await?;
    let info = PageInfo {
        has_next_page: page.has_next,
        has_previous_page: continues,
        start_cursor: page.events.first().map(|event| event.cursor.clone()),
        end_cursor: Some(page.end),
    };
    Ok(NoteEventConnection::new(page.events, info))
}

/// What the arguments say about the events that are wanted.
///
/// # Errors
/// INVALID for wrong IDs, and for too many.
pub fn filter(
    note_ids: Option<Vec<ID>>,
    customer_ids: Option<Vec<ID>>,
    types: Option<Vec<NoteEventType>>,
) -> Result<FeedFilter> {
    Ok(FeedFilter {
        types: types.map(|types| {
            let stored = types.iter().filter_map(|kind| kind.stored()).collect();
            (stored, types.contains(&NoteEventType::Hidden))
        }),
        notes: ids::<NoteId>("noteIds", note_ids)?,
        customers: ids::<CustomerId>("customerIds", customer_ids)?,
    })
}

fn ids<I: NodeId>(argument: &str, ids: Option<Vec<ID>>) -> Result<Option<HashSet<I>>> {
    let Some(ids) = ids else { return Ok(None) };
    if ids.len() > IDS {
        let count = ids.len();
        return Err(Error::Invalid(format!("`{argument}` has {count} values; at most {IDS} are allowed.")));
    }
    ids.iter().map(I::parse_arg).collect::<Result<_>>().map(Some)
}
