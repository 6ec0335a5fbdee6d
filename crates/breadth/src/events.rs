//! The events of a subscription.

use futures_util::stream::BoxStream;

use super::rows::RowList;
use crate::error::Result;

/// An event of a subscription: the root row of one execution.
pub struct Event {
    pub(crate) row: Box<dyn RowList>,
    /// The ID of the event, as in [`SourceItem`].
    pub id: Option<String>,
}

/// A value of a subscribed field.
pub struct SourceItem<O> {
    pub value: O,
    /// An ID that transports may send along, such as server-sent events: a client that has lost its connection says with it
    /// what it has received.
    pub id: Option<String>,
}

impl<O> From<O> for SourceItem<O> {
    fn from(value: O) -> Self {
        Self { value, id: None }
    }
}

/// The events of a subscription, in order. An error is the last item: the source has failed. Dropping the stream ends the
/// source.
pub type EventStream = BoxStream<'static, Result<Event>>;
