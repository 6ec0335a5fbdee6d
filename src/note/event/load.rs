//! The loaders of events.

use std::sync::Arc;

use breadth::Loader;
use futures_util::future::try_join_all;
use hashbrown::HashMap;

use crate::error::{Error, Result};
use crate::event::{self, SeenEvent};
use crate::graphql::context::DataSource;
use crate::graphql::global_id::EventHandle;
use crate::graphql::pagination::{Page, PageArgs};
use crate::ids::NoteId;

/// A page of the history of a note.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HistoryKey {
    pub note_id: NoteId,
    pub args: Arc<PageArgs>,
}

/// Loads pages of histories; those with the same arguments together.
pub struct HistoryOf;

impl Loader for HistoryOf {
    type Key = HistoryKey;
    type Value = Page<SeenEvent>;
    type Source = DataSource;
    type Error = Error;

    async fn load(reader: &DataSource, keys: &[HistoryKey]) -> Result<HashMap<HistoryKey, Self::Value>> {
        let mut lists: HashMap<&Arc<PageArgs>, Vec<NoteId>> = HashMap::new();
        for key in keys {
            lists.entry(&key.args).or_default().push(key.note_id);
        }
        let changes = reader.mentions("changes");
        let pages = lists.into_iter().map(async |(args, notes)| {
            let pages = event::read_histories(&reader.db, reader.access, &notes, args, changes).await?;
            let key = |note_id| HistoryKey { note_id, args: Arc::clone(args) };
            Ok::<_, Error>(pages.into_iter().map(move |(note, page)| (key(note), page)))
        });
        Ok(try_join_all(pages).await?.into_iter().flatten().collect())
    }
}

/// Loads events by the handles in their IDs.
pub struct EventByHandle;

impl Loader for EventByHandle {
    type Key = EventHandle;
    type Value = Arc<SeenEvent>;
    type Source = DataSource;
    type Error = Error;

    async fn load(reader: &DataSource, keys: &[EventHandle]) -> Result<HashMap<EventHandle, Self::Value>> {
        let events = event::by_handles(&reader.db, reader.access, keys, reader.mentions("changes")).await?;
        Ok(events.into_iter().map(|(handle, event)| (handle, Arc::new(event))).collect())
    }
}
