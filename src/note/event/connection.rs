//! The GraphQL connection of events.

use std::sync::Arc;

use breadth::{NonNull, field_ref, inline, object};

use super::object::NoteEvent;
use crate::event::SeenEvent;
use crate::graphql::pagination::PageInfo;

/// The GraphQL object of a page of events.
#[derive(Clone)]
pub struct NoteEventConnection(Arc<EventPage>);

struct EventPage {
    events: Vec<Arc<SeenEvent>>,
    info: PageInfo,
}

/// The GraphQL object of an event in a list.
#[derive(Clone)]
pub struct NoteEventEdge(Arc<SeenEvent>);

object! {
    /// A page of events.
    NoteEventConnection {
        /// The events of this page, each with its cursor.
        edges = inline(|connection: &NoteEventConnection| {
            connection.0.events.iter().cloned().map(NoteEventEdge).collect::<Vec<_>>()
        });
        /// The events of this page.
        nodes = inline(|connection: &NoteEventConnection| {
            connection.0.events.iter().cloned().map(NoteEvent).collect::<Vec<_>>()
        });
        /// The position of this page in the list.
        page_info = inline(|connection: &NoteEventConnection| NonNull(connection.0.info.clone()));
    }
}

object! {
    /// An event in a list.
    NoteEventEdge {
        /// The cursor of this edge, the same as that of its node.
        cursor = field_ref(|edge: &NoteEventEdge| &edge.0.cursor);
        /// The event.
        node = inline(|edge: &NoteEventEdge| NonNull(NoteEvent(Arc::clone(&edge.0))));
    }
}

impl NoteEventConnection {
    pub fn new(events: Vec<SeenEvent>, info: PageInfo) -> Self {
        Self(Arc::new(EventPage { events: events.into_iter().map(Arc::new).collect(), info }))
    }
}
